with

source as (
    select
        *,
        {{ delivery_rank(['id']) }} as version_rank
    from {{ source('raw', 'bot_conversations') }}
),

final as (
    select
        id as conversation_id,
        {{ clean_text('web_account') }} as web_account,
        surface,
        {{ clean_text('intent') }} as intent,
        started_at,
        ended_at,
        turns,
        outcome,
        {{ clean_text('resolution') }} as resolution,
        ticket_id,
        is_helpful,
        _arrival_date as arrival_date
    from source
    where version_rank = 1
)

select * from final
