-- Who is at the start, at the end and retained, counted straight from the orders, month by month.
{%- set active_days = var('windows')['active_days'] %}
with

months as (
    select
        period_start,
        {{ add_days('max(date_day)', 1) }} as measured_before
    from {{ ref('bridge_date_periods') }}
    where is_observed and period = 'month'
    group by period_start
),

buyers as (
    select
        months.period_start,
        orders.customer_id,
        max(
            case
                when orders.ordered_date < months.period_start
                    and orders.ordered_date >= {{ add_days('months.period_start', -active_days) }} then 1
                else 0
            end
        ) as is_at_start,
        max(
            case
                when orders.ordered_date >= months.period_start
                    or orders.ordered_date >= {{ add_days('months.measured_before', -active_days) }} then 1
                else 0
            end
        ) as is_at_end
    from months
    inner join {{ ref('fct_orders') }} as orders
        on
            orders.ordered_date < months.measured_before
            and orders.ordered_date >= {{ add_days('months.period_start', -active_days) }}
    where
        orders.customer_id <> 'unknown'
        and not orders.is_cancelled
    group by months.period_start, orders.customer_id
),

recounted as (
    select
        period_start,
        sum(is_at_start) as at_start,
        sum(is_at_end) as at_end,
        sum(is_at_start * is_at_end) as retained
    from buyers
    group by period_start
)

select retention.period_start
from {{ ref('kpi_retention') }} as retention
left join recounted
    on retention.period_start = recounted.period_start
where
    retention.period = 'month'
    and retention.segment = 'all'
    and retention.at_start is not null
    and (
        retention.at_start <> coalesce(recounted.at_start, 0)
        or retention.at_end <> coalesce(recounted.at_end, 0)
        or retention.retained <> coalesce(recounted.retained, 0)
    )
