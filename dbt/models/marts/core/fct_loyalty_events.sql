with

loyalty_events as (
    select * from {{ ref('int_loyalty_events') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        loyalty_events.loyalty_event_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        loyalty_events.source_system,
        loyalty_events.event_type,
        cast(loyalty_events.points as bigint) as points,
        loyalty_events.occurred_at,
        loyalty_events.occurred_date,
        loyalty_events.channel,
        loyalty_events.order_id
    from loyalty_events
    left join customer_links
        on
            loyalty_events.source_system = customer_links.source_system
            and loyalty_events.source_person_key = customer_links.source_person_key
)

select * from final
