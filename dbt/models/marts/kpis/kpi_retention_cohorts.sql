with

orders as (
    select * from {{ ref('fct_orders') }}
),

customers as (
    select * from {{ ref('dim_customers') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
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

periods as (
    select
        period,
        period_start,
        is_complete,
        row_number() over (partition by period order by period_start) as period_number
    from date_periods
    where is_observed
    group by period, period_start, is_complete
),

-- The period of a customer's first order has number min(period_number) among those they ordered in.
ordering_customers as (
    select
        order_days.customer_id,
        periods.period,
        periods.period_number,
        min(periods.period_number) over (partition by order_days.customer_id, periods.period) as cohort_number
    from order_days
    inner join date_periods
        on order_days.ordered_date = date_periods.date_day
    inner join periods
        on
            date_periods.period = periods.period
            and date_periods.period_start = periods.period_start
    group by order_days.customer_id, periods.period, periods.period_number
),

counted as (
    select
        ordering_customers.period,
        ordering_customers.cohort_number,
        ordering_customers.period_number,
        customers.is_left_censored,
        count(*) as retained
    from ordering_customers
    inner join customers
        on ordering_customers.customer_id = customers.customer_id
    group by
        ordering_customers.period,
        ordering_customers.cohort_number,
        ordering_customers.period_number,
        customers.is_left_censored
),

cohorts as (
    select
        period,
        cohort_number,
        is_left_censored,
        retained as customers
    from counted
    where cohort_number = period_number
),

cells as (
    select
        cohorts.period,
        cohort_periods.period_start,
        cohorts.is_left_censored,
        later_periods.period_number - cohorts.cohort_number as periods_since,
        later_periods.period_start as observed_start,
        cohorts.customers,
        coalesce(counted.retained, 0) as retained,
        cohort_periods.is_complete and later_periods.is_complete as is_complete
    from cohorts
    inner join periods as cohort_periods
        on
            cohorts.period = cohort_periods.period
            and cohorts.cohort_number = cohort_periods.period_number
    inner join periods as later_periods
        on
            cohorts.period = later_periods.period
            and cohorts.cohort_number <= later_periods.period_number
    left join counted
        on
            cohorts.period = counted.period
            and cohorts.cohort_number = counted.cohort_number
            and cohorts.is_left_censored = counted.is_left_censored
            and later_periods.period_number = counted.period_number
),

final as (
    select
        period,
        period_start,
        is_left_censored,
        cast(periods_since as bigint) as periods_since,
        observed_start,
        cast(customers as bigint) as customers,
        cast(case when is_complete then retained end as bigint) as retained,
        case when is_complete then cast(retained as double) / customers end as retention_rate,
        is_complete,
        customers >= {{ var('reliability')['min_n'] }} as is_reliable
    from cells
)

select * from final
