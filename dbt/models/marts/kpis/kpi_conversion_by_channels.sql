{%- set count_days = var('windows')['channel_count_days'] -%}
{%- set order_days = var('windows')['channel_order_days'] -%}

with

visitors as (
    select * from {{ ref('int_period_visitors') }}
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

-- A week's and a month's first touch are often one: each first touch is judged once.
first_touches as (
    select distinct
        customer_id,
        first_touched_at
    from visitors
),

channels_of_visitors as (
    select
        first_touches.customer_id,
        first_touches.first_touched_at,
        count(distinct touchpoints.touch_channel) as channels
    from first_touches
    inner join touchpoints
        on
            first_touches.customer_id = touchpoints.customer_id
            and first_touches.first_touched_at <= touchpoints.touched_at
            and first_touches.first_touched_at + interval {{ count_days }} day > touchpoints.touched_at
    group by first_touches.customer_id, first_touches.first_touched_at
),

orders_of_visitors as (
    select
        first_touches.customer_id,
        first_touches.first_touched_at,
        min(orders.ordered_at) as ordered_at
    from first_touches
    inner join orders
        on
            first_touches.customer_id = orders.customer_id
            and first_touches.first_touched_at <= orders.ordered_at
            and first_touches.first_touched_at + interval {{ count_days + order_days }} day > orders.ordered_at
    where not orders.is_cancelled
    group by first_touches.customer_id, first_touches.first_touched_at
),

classified as (
    select
        visitors.period,
        visitors.period_start,
        channels_of_visitors.channels,
        case
            when orders_of_visitors.ordered_at < visitors.first_touched_at + interval {{ count_days }} day then 1
            else 0
        end as is_early_buyer,
        case when orders_of_visitors.ordered_at is not null then 1 else 0 end as is_buyer
    from visitors
    inner join channels_of_visitors
        on
            visitors.customer_id = channels_of_visitors.customer_id
            and visitors.first_touched_at = channels_of_visitors.first_touched_at
    left join orders_of_visitors
        on
            visitors.customer_id = orders_of_visitors.customer_id
            and visitors.first_touched_at = orders_of_visitors.first_touched_at
),

periods as (
    select distinct
        period,
        period_start,
        is_complete,
        {{ matures_at('period_end', count_days + order_days) }}
            as matures_at
    from date_periods
),

counted as (
    select
        classified.period,
        classified.period_start,
        classified.channels,
        periods.is_complete,
        periods.matures_at,
        count(*) as all_visitors,
        sum(classified.is_early_buyer) as early_buyers,
        sum(1 - classified.is_early_buyer) as visitors,
        sum((1 - classified.is_early_buyer) * classified.is_buyer) as converters
    from classified
    inner join periods
        on
            classified.period = periods.period
            and classified.period_start = periods.period_start
    group by
        classified.period, classified.period_start, classified.channels, periods.is_complete, periods.matures_at
),

final as (
    select
        period,
        period_start,
        cast(channels as bigint) as channels,
        cast(all_visitors as bigint) as all_visitors,
        cast(early_buyers as bigint) as early_buyers,
        cast(converters as bigint) as converters,
        cast(visitors as bigint) as visitors,
        case when visitors > 0 and matures_at <= {{ data_end_at() }} then cast(converters as double) / visitors end
            as conversion_rate,
        'descriptive' as evidence,
        is_complete,
        matures_at,
        visitors >= {{ var('reliability')['min_n'] }} as is_reliable
    from counted
)

select * from final
