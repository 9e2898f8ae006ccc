with

source as (
    select
        *,
        {{ delivery_rank(['event_id']) }} as version_rank
    from {{ source('raw', 'loyalty_events') }}
),

final as (
    select
        event_id,
        card_number,
        event_type,
        points,
        occurred_at,
        channel,
        {{ clean_text('order_reference') }} as order_reference,
        _arrival_date as arrival_date
    from source
    where version_rank = 1
)

select * from final
