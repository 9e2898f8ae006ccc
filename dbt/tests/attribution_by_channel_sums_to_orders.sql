-- In every period and model, conversions, the model's own total and revenue of all channels are those of the orders, and
-- the spend is that of the costs that channels bear themselves.
with

orders as (
    select
        date_periods.period,
        date_periods.period_start,
        count(*) as orders,
        sum(orders.net_revenue) as net_revenue
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('bridge_date_periods') }} as date_periods
        on orders.ordered_date = date_periods.date_day
    where not orders.is_cancelled
    group by date_periods.period, date_periods.period_start
),

by_model as (
    select
        period,
        period_start,
        model,
        sum(conversions) as conversions,
        sum(conversions_model) as conversions_model,
        sum(revenue) as revenue
    from {{ ref('attribution_by_channel') }}
    group by period, period_start, model
),

spend as (
    select
        model,
        sum(spend) as spend
    from {{ ref('attribution_by_channel') }}
    where period = 'year'
    group by model
),

spent as (
    select sum(spend.cost) as cost
    from {{ ref('int_channel_spend') }} as spend
    inner join {{ ref('dim_dates') }} as dates
        on spend.date_day = dates.date_day
    where
        spend.cost_kind <> 'allocated'
        and dates.is_observed
)

select by_model.model
from by_model
left join orders
    on
        by_model.period = orders.period
        and by_model.period_start = orders.period_start
where
    abs(by_model.conversions - coalesce(orders.orders, 0)) > 1e-6
    or abs(by_model.conversions_model - coalesce(orders.orders, 0)) > 1e-6
    or abs(by_model.revenue - coalesce(cast(orders.net_revenue as double), 0e0)) > 1e-6 * (1 + abs(by_model.revenue))

union all

select spend.model
from spend
cross join spent
where spend.spend <> spent.cost
