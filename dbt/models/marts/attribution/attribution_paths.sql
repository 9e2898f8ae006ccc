{%- set gap_days = var('windows')['journey_gap_days'] -%}

with

journeys as (
    select * from {{ ref('int_attribution_journeys') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
    where
        is_observed
        and period in ('quarter', 'year')
),

ended as (
    select
        journeys.path,
        journeys.touches,
        case when journeys.order_id is null then 0 else 1 end as is_order,
        coalesce(orders.ordered_date, {{ local_date('journeys.last_touched_at') }}) as ended_date,
        coalesce(orders.net_revenue, 0) as net_revenue,
        {{ days_between(local_date('journeys.first_touched_at'), 'orders.ordered_date') }} as days
    from journeys
    left join orders
        on journeys.order_id = orders.order_id
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        {{ matures_at('date_periods.period_end', gap_days) }} as matures_at,
        ended.path,
        max(ended.touches) as steps,
        sum(ended.touches) as touches,
        sum(ended.is_order) as orders,
        sum(1 - ended.is_order) as lost_journeys,
        sum(ended.net_revenue) as net_revenue,
        {{ days_histogram('ended.days') }},
        sum(coalesce(ended.days, 0)) as days
    from ended
    inner join date_periods
        on ended.ended_date = date_periods.date_day
    group by
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        date_periods.period_end,
        ended.path
),

final as (
    select
        period,
        period_start,
        path,
        cast(steps as bigint) as steps,
        cast(orders as bigint) as orders,
        cast(lost_journeys as bigint) as lost_journeys,
        cast(orders + lost_journeys as bigint) as journeys,
        cast(touches as bigint) as touches,
        cast(net_revenue as {{ money_type() }}) as net_revenue,
        cast(days_0 as bigint) as days_0,
        cast(days_1_3 as bigint) as days_1_3,
        cast(days_4_7 as bigint) as days_4_7,
        cast(days_8_14 as bigint) as days_8_14,
        cast(days_15_30 as bigint) as days_15_30,
        cast(days_over_30 as bigint) as days_over_30,
        cast(days as bigint) as days,
        case when orders > 0 then cast(days as double) / orders end as days_mean,
        case
            when matures_at <= {{ data_end_at() }} then cast(orders as double) / (orders + lost_journeys)
        end as conversion_rate,
        is_complete,
        matures_at,
        orders + lost_journeys >= {{ var('reliability')['min_n'] }} as is_reliable
    from counted
)

select * from final
