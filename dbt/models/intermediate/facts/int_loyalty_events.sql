with

loyalty_events as (
    select * from {{ ref('stg_loyalty__events') }}
),

orders as (
    select order_id from {{ ref('int_orders') }}
),

final as (
    select
        {{ surrogate_key(["'loyalty_event'", 'loyalty_events.event_id']) }} as loyalty_event_id,
        'loyalty' as source_system,
        loyalty_events.card_number as source_person_key,
        loyalty_events.event_type,
        loyalty_events.points,
        loyalty_events.occurred_at,
        {{ local_date('loyalty_events.occurred_at') }} as occurred_date,
        loyalty_events.channel,
        orders.order_id
    from loyalty_events
    left join orders on {{ order_key('loyalty_events.order_reference') }} = orders.order_id
)

select * from final
