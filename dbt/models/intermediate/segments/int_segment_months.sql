with

dates as (
    select * from {{ ref('dim_dates') }}
    where is_observed
),

-- A month still running is measured up to the last day observed.
final as (
    select
        month_start as month,
        {{ period_start('month', add_days('month_start', 31)) }} as as_of_date,
        {{ add_days('max(date_day)', 1) }} as measured_before,
        {{ period_start('month', add_days('month_start', 31)) }} <= {{ add_days(data_end_date(), 1) }} as is_complete
    from dates
    group by month_start
)

select * from final
