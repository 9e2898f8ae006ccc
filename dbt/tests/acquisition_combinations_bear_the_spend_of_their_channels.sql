-- In every period, the cost of the combinations is the acquisition spend of the months in which a channel won somebody,
-- and their new customers are the first orders.
with

combinations as (
    select
        period,
        period_start,
        sum(cost) as cost,
        sum(new_customers) as new_customers
    from {{ ref('kpi_acquisition_combinations') }}
    group by period, period_start
),

first_orders as (
    select
        date_periods.period,
        date_periods.period_start,
        count(*) as new_customers
    from {{ ref('fct_orders') }} as orders
    inner join {{ ref('bridge_date_periods') }} as date_periods
        on orders.ordered_date = date_periods.date_day
    where
        orders.is_first_order
        and date_periods.period <> 'week'
    group by date_periods.period, date_periods.period_start
),

winners as (
    select distinct
        {{ period_start('month', 'ordered_date') }} as month_start,
        touch_channel
    from {{ ref('int_attribution_by_day') }}
    where
        model = 'linear'
        and new_customers > 0
        and touch_channel <> 'unattributed'
),

spent as (
    select
        date_periods.period,
        date_periods.period_start,
        sum(spend.cost) as cost
    from {{ ref('int_channel_spend') }} as spend
    inner join winners
        on
            {{ period_start('month', 'spend.date_day') }} = winners.month_start
            and spend.touch_channel = winners.touch_channel
    inner join {{ ref('bridge_date_periods') }} as date_periods
        on spend.date_day = date_periods.date_day
    where
        spend.cost_kind <> 'allocated'
        and spend.spend_purpose = 'acquisition'
        and date_periods.is_observed
    group by date_periods.period, date_periods.period_start
)

select first_orders.period
from first_orders
full outer join combinations
    on
        first_orders.period = combinations.period
        and first_orders.period_start = combinations.period_start
left join spent
    on
        first_orders.period = spent.period
        and first_orders.period_start = spent.period_start
where
    coalesce(first_orders.new_customers, 0) <> coalesce(combinations.new_customers, 0)
    or abs(combinations.cost - coalesce(cast(spent.cost as double), 0e0)) > 1e-6 * (1 + abs(combinations.cost))
