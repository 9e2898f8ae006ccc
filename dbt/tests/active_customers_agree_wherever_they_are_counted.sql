-- Periods that end on the same day count the same active customers, and so do the customers' states on that day. A
-- period longer than the window is set apart: there an order anywhere in it counts.
{%- set active_days = var('windows')['active_days'] %}
with

ends as (
    select
        period,
        period_start,
        {{ add_days('max(date_day)', 1) }} as measured_before
    from {{ ref('bridge_date_periods') }}
    where is_observed
    group by period, period_start
),

counted as (
    select
        ends.measured_before,
        retention.period as counted_by,
        retention.at_end as active_customers
    from {{ ref('kpi_retention') }} as retention
    inner join ends
        on
            retention.period = ends.period
            and retention.period_start = ends.period_start
    where
        retention.segment = 'all'
        and retention.at_end is not null
        and {{ days_between('ends.period_start', 'ends.measured_before') }} <= {{ active_days }}

    union all

    select
        ends.measured_before,
        'customer_segments_monthly' as counted_by,
        sum(case when states.is_active then 1 else 0 end) as active_customers
    from {{ ref('customer_segments_monthly') }} as states
    inner join ends
        on
            ends.period = 'month'
            and states.month = ends.period_start
    group by ends.measured_before

    union all

    select
        {{ add_days(data_end_date(), 1) }} as measured_before,
        'dim_customers' as counted_by,
        count(*) as active_customers
    from {{ ref('dim_customers') }}
    where is_active
)

select
    measured_before,
    min(active_customers) as fewest,
    max(active_customers) as most
from counted
group by measured_before
having min(active_customers) <> max(active_customers)
