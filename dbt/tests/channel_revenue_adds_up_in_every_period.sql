-- Weeks, months, quarters and years hold the same orders, money and refunds, and these are the facts'.
with

periods as (
    select
        period,
        sum(orders) as orders,
        sum(net_revenue) as net_revenue,
        sum(refund_of_orders) as refund_of_orders
    from {{ ref('kpi_channel_revenue') }}
    group by period
),

refunds as (
    select coalesce(sum(refund), 0) as refund from {{ ref('fct_refunds') }}
),

facts as (
    select
        count(*) as orders,
        coalesce(sum(gross_revenue - discount), 0) as revenue,
        coalesce(sum(refund), 0) as refund_of_orders
    from {{ ref('fct_orders') }}
    where not is_cancelled
)

select *
from periods
cross join facts
cross join refunds
where
    periods.orders <> facts.orders
    or periods.net_revenue <> facts.revenue - refunds.refund
    or periods.refund_of_orders <> facts.refund_of_orders
