-- By the last period of each length everybody known, every order and all money are in.
with

last_periods as (
    select
        period,
        max(period_start) as period_start
    from {{ ref('kpi_customer_value') }}
    group by period
),

found as (
    select
        customer_value.period,
        sum(customer_value.customers) as customers,
        sum(customer_value.orders) as orders,
        sum(customer_value.net_revenue) as net_revenue
    from {{ ref('kpi_customer_value') }} as customer_value
    inner join last_periods
        on
            customer_value.period = last_periods.period
            and customer_value.period_start = last_periods.period_start
    group by customer_value.period
),

facts as (
    select
        (select count(*) from {{ ref('dim_customers') }} where is_known) as customers,
        (select count(*) from {{ ref('fct_orders') }} where not is_cancelled) as orders,
        (select coalesce(sum(gross_revenue - discount), 0) from {{ ref('fct_orders') }} where not is_cancelled)
        - (select coalesce(sum(refund), 0) from {{ ref('fct_refunds') }}) as net_revenue
)

select found.*
from found
cross join facts
where
    found.customers <> facts.customers
    or found.orders <> facts.orders
    or found.net_revenue <> facts.net_revenue
