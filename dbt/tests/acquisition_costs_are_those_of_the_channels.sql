-- In every period and model the channels' cost, orders and new customers are the blended row's, purpose by purpose; and
-- those of all purposes are the sum of each.
with

costs as (
    select * from {{ ref('kpi_acquisition_cost') }}
),

blended as (
    select * from costs
    where attribution_model = 'blended'
),

by_model as (
    select
        period,
        period_start,
        attribution_model,
        spend_purpose,
        sum(cost) as cost,
        sum(orders) as orders,
        sum(new_customers) as new_customers
    from costs
    where attribution_model <> 'blended'
    group by period, period_start, attribution_model, spend_purpose
),

by_purpose as (
    select
        period,
        period_start,
        sum(case when spend_purpose = 'all' then cost else 0 end) as cost_of_all,
        sum(case when spend_purpose <> 'all' then cost else 0 end) as cost_of_each
    from blended
    group by period, period_start
)

select by_model.period
from by_model
inner join blended
    on
        by_model.period = blended.period
        and by_model.period_start = blended.period_start
        and by_model.spend_purpose = blended.spend_purpose
where
    by_model.cost <> blended.cost
    or abs(by_model.orders - blended.orders) > 1e-6
    or abs(by_model.new_customers - blended.new_customers) > 1e-6

union all

select period
from by_purpose
where cost_of_all <> cost_of_each
