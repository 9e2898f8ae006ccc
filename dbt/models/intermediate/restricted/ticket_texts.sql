with

ticket_texts as (
    select * from {{ ref('stg_support__ticket_texts') }}
),

final as (
    select
        {{ ticket_key('ticket_id') }} as ticket_id,
        subject,
        description
    from ticket_texts
)

select * from final
