with

tickets as (
    select * from {{ ref('base_support__tickets') }}
),

final as (
    select
        id as ticket_id,
        via.channel as channel,
        status,
        priority,
        {{ clean_text('topic') }} as topic,
        cast(requester.id as {{ text_type() }}) as requester_id,
        {{ clean_text('requester.name') }} as requester_name,
        {{ clean_text('lower(requester.email)') }} as requester_email,
        {{ clean_text('requester.phone') }} as requester_phone,
        {{ clean_text('requester.web_account') }} as requester_web_account,
        {{ clean_text('order_reference') }} as order_reference,
        {{ clean_text('store_code') }} as store_code,
        created_at,
        updated_at,
        first_seen_date,
        solved_seen_date,
        _arrival_date as last_seen_date
    from tickets
)

select * from final
