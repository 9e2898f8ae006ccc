-- What each source record bought, before anybody knows whose it is: what is at stake when two records are held apart.
with

orders as (
    select * from {{ ref('int_orders') }}
),

refunds as (
    select
        order_id,
        sum(refund) as refund
    from {{ ref('int_refunds') }}
    where order_id is not null
    group by order_id
),

final as (
    select
        orders.source_system,
        orders.source_person_key,
        cast(
            sum(orders.gross_revenue - orders.discount - coalesce(refunds.refund, 0)) as {{ money_type() }}
        ) as net_revenue
    from orders
    left join refunds
        on orders.order_id = refunds.order_id
    where not orders.is_cancelled and orders.source_person_key is not null
    group by orders.source_system, orders.source_person_key
)

select * from final
