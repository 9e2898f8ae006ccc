with

pickups as (
    select * from {{ ref('int_pickups') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        pickups.pickup_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        pickups.source_system,
        pickups.order_id,
        pickups.store_code,
        pickups.status,
        pickups.ordered_at,
        pickups.prepared_at,
        pickups.prepared_date,
        pickups.picked_up_at,
        pickups.put_back_at,
        cast(pickups.hours_to_prepare as double) as hours_to_prepare,
        cast(pickups.hours_to_pick_up as double) as hours_to_pick_up
    from pickups
    left join customer_links
        on
            pickups.source_system = customer_links.source_system
            and pickups.source_person_key = customer_links.source_person_key
)

select * from final
