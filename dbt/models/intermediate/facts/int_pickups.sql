with

pickups as (
    select * from {{ ref('stg_stores__pickups') }}
),

orders as (
    select
        order_id,
        source_system,
        source_person_key,
        ordered_at
    from {{ ref('int_orders') }}
),

final as (
    select
        {{ surrogate_key(["'pickup'", 'pickups.pickup_id']) }} as pickup_id,
        coalesce(orders.source_system, 'shop') as source_system,
        orders.source_person_key,
        orders.order_id,
        pickups.store_code,
        pickups.status,
        orders.ordered_at,
        pickups.prepared_at,
        {{ local_date('pickups.prepared_at') }} as prepared_date,
        pickups.picked_up_at,
        pickups.put_back_at,
        {{ seconds_between('orders.ordered_at', 'pickups.prepared_at') }} / 3600.0 as hours_to_prepare,
        {{ seconds_between('pickups.prepared_at', 'pickups.picked_up_at') }} / 3600.0 as hours_to_pick_up
    from pickups
    left join orders on {{ order_key('pickups.order_reference') }} = orders.order_id
)

select * from final
