-- Orders and net revenue by customer, `unknown` included, are those of the orders.
with

by_customer as (
    select
        sum(orders) as orders,
        sum(net_revenue) as net_revenue
    from {{ ref('dim_customers') }}
),

by_order as (
    select
        count(*) as orders,
        sum(net_revenue) as net_revenue
    from {{ ref('fct_orders') }}
    where not is_cancelled
)

select *
from by_customer
cross join by_order
where
    by_customer.orders <> by_order.orders
    or by_customer.net_revenue <> by_order.net_revenue
