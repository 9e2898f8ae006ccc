{%- set active_days = var('windows')['active_days'] -%}

with

orders as (
    select * from {{ ref('fct_orders') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

segments as (
    select * from {{ ref('int_customer_segments') }}
),

order_days as (
    select distinct
        customer_id,
        ordered_date
    from orders
    where
        customer_id <> 'unknown'
        and not is_cancelled
),

history as (
    select min(ordered_date) as first_ordered_date from order_days
),

-- A period still running is measured up to the last day observed. In the joins, which are large, numbers stand for
-- periods and customers.
periods as (
    select
        row_number() over (order by period, period_start) as period_number,
        period,
        period_start,
        segments_as_of,
        is_complete,
        {{ add_days('max(date_day)', 1) }} as measured_before
    from date_periods
    where is_observed
    group by period, period_start, segments_as_of, is_complete
),

customers as (
    select
        row_number() over (order by customer_id) as customer_number,
        customer_id,
        min(ordered_date) as first_ordered_date
    from order_days
    group by customer_id
),

-- A customer is active on a day when they ordered within the days before it: each order day carries them to the next.
spells as (
    select
        customers.customer_number,
        order_days.ordered_date,
        {{ add_days('order_days.ordered_date', 1) }} as active_from,
        least(
            coalesce(
                lead(order_days.ordered_date) over (
                    partition by order_days.customer_id order by order_days.ordered_date
                ),
                {{ add_days('order_days.ordered_date', active_days) }}
            ),
            {{ add_days('order_days.ordered_date', active_days) }}
        ) as active_until
    from order_days
    inner join customers
        on order_days.customer_id = customers.customer_id
),

-- Where a period is longer than the window, an order anywhere in it makes its customer active at the end.
standings as (
    select
        periods.period_number,
        spells.customer_number,
        1 as is_at_start,
        0 as is_at_end
    from periods
    inner join spells
        on
            periods.period_start >= spells.active_from
            and periods.period_start <= spells.active_until

    union all

    select
        periods.period_number,
        spells.customer_number,
        0 as is_at_start,
        1 as is_at_end
    from periods
    inner join spells
        on
            periods.measured_before >= spells.active_from
            and periods.measured_before <= spells.active_until

    union all

    select
        periods.period_number,
        spells.customer_number,
        0 as is_at_start,
        1 as is_at_end
    from periods
    inner join spells
        on
            periods.period_start <= spells.ordered_date
            and spells.ordered_date < {{ add_days('periods.measured_before', -active_days) }}
),

standing_customers as (
    select
        period_number,
        customer_number,
        max(is_at_start) as is_at_start,
        max(is_at_end) as is_at_end
    from standings
    group by period_number, customer_number
),

customer_levels as (
    select
        customers.customer_number,
        segments.as_of_date,
        segments.omnichannel_level
    from segments
    inner join customers
        on segments.customer_id = customers.customer_id
),

classified as (
    select
        periods.period,
        periods.period_start,
        coalesce(customer_levels.omnichannel_level, 'none') as segment,
        standing_customers.is_at_start,
        standing_customers.is_at_start * standing_customers.is_at_end as is_retained,
        standing_customers.is_at_start * (1 - standing_customers.is_at_end) as is_churned,
        case
            when standing_customers.is_at_start = 0 and customers.first_ordered_date >= periods.period_start then 1
            else 0
        end as is_new,
        case
            when standing_customers.is_at_start = 0 and customers.first_ordered_date < periods.period_start then 1
            else 0
        end as is_reactivated,
        standing_customers.is_at_end
    from standing_customers
    inner join periods
        on standing_customers.period_number = periods.period_number
    inner join customers
        on standing_customers.customer_number = customers.customer_number
    left join customer_levels
        on
            standing_customers.customer_number = customer_levels.customer_number
            and periods.segments_as_of = customer_levels.as_of_date
),

counted as (
    select
        period,
        period_start,
        segment,
        sum(is_at_start) as at_start,
        sum(is_retained) as retained,
        sum(is_churned) as churned,
        sum(is_new) as new_customers,
        sum(is_reactivated) as reactivated,
        sum(is_at_end) as at_end
    from classified
    group by period, period_start, segment

    union all

    select
        period,
        period_start,
        'all' as segment,
        sum(is_at_start) as at_start,
        sum(is_retained) as retained,
        sum(is_churned) as churned,
        sum(is_new) as new_customers,
        sum(is_reactivated) as reactivated,
        sum(is_at_end) as at_end
    from classified
    group by period, period_start
),

members as (
    {% for segment in ['all', 'none', 'single', 'multi', 'omni'] -%}
        select '{{ segment }}' as segment
        {%- if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

measurable as (
    select
        periods.period,
        periods.period_start,
        periods.is_complete,
        members.segment,
        coalesce({{ add_days('periods.period_start', -active_days) }} >= history.first_ordered_date, false)
            as is_measurable
    from periods
    cross join members
    cross join history
),

measured as (
    select
        measurable.period,
        measurable.period_start,
        measurable.segment,
        measurable.is_complete,
        case when measurable.is_measurable then coalesce(counted.at_start, 0) end as at_start,
        case when measurable.is_measurable then coalesce(counted.retained, 0) end as retained,
        case when measurable.is_measurable then coalesce(counted.churned, 0) end as churned,
        case when measurable.is_measurable then coalesce(counted.new_customers, 0) end as new_customers,
        case when measurable.is_measurable then coalesce(counted.reactivated, 0) end as reactivated,
        case when measurable.is_measurable then coalesce(counted.at_end, 0) end as at_end
    from measurable
    left join counted
        on
            measurable.period = counted.period
            and measurable.period_start = counted.period_start
            and measurable.segment = counted.segment
),

final as (
    select
        period,
        period_start,
        segment,
        cast(at_start as bigint) as at_start,
        cast(retained as bigint) as retained,
        cast(churned as bigint) as churned,
        cast(new_customers as bigint) as new,
        cast(reactivated as bigint) as reactivated,
        cast(at_end as bigint) as at_end,
        case when at_start > 0 then cast(churned as double) / at_start end as churn_rate,
        case when at_start > 0 then cast(retained as double) / at_start end as retention_rate,
        is_complete,
        coalesce(at_start >= {{ var('reliability')['min_n'] }}, false) as is_reliable
    from measured
)

select * from final
