{%- set active_days = var('windows')['active_days'] -%}

with

dates as (
    select * from {{ ref('dim_dates') }}
    where is_observed
),

history as (
    select min(purchase_date) as first_date from {{ ref('int_purchase_days') }}
),

-- A month still running is measured up to the last day observed.
months as (
    select
        month_start as month,
        {{ period_start('month', add_days('month_start', 31)) }} as as_of_date,
        {{ add_days('max(date_day)', 1) }} as measured_before,
        {{ period_start('month', add_days('month_start', 31)) }} <= {{ add_days(data_end_date(), 1) }} as is_complete
    from dates
    group by month_start
),

final as (
    select
        months.month,
        months.as_of_date,
        months.measured_before,
        coalesce({{ add_days('months.measured_before', -active_days) }} >= history.first_date, false)
            as is_fully_observed,
        months.is_complete
    from months
    cross join history
)

select * from final
