-- People counted once: buyers of a year, customers of a sales channel in a year, and cohorts, straight from the orders.
with

orders as (
    select
        customer_id,
        sales_channel,
        {{ period_start('year', 'ordered_date') }} as year_start
    from {{ ref('fct_orders') }}
    where
        customer_id <> 'unknown'
        and not is_cancelled
),

found as (
    select
        'buyers' as counted,
        'all' as member,
        period_start,
        buyers as people
    from {{ ref('kpi_interchannel_rate') }}
    where period = 'year' and buyers > 0

    union all

    select
        'customers' as counted,
        sales_channel as member,
        period_start,
        customers as people
    from {{ ref('kpi_channel_revenue') }}
    where period = 'year' and customers > 0

    union all

    select
        'cohorts' as counted,
        'all' as member,
        period_start,
        sum(customers) as people
    from {{ ref('kpi_retention_cohorts') }}
    where period = 'year' and periods_since = 0
    group by period_start
),

recounted as (
    select
        'buyers' as counted,
        'all' as member,
        year_start,
        count(distinct customer_id) as people
    from orders
    group by year_start

    union all

    select
        'customers' as counted,
        sales_channel as member,
        year_start,
        count(distinct customer_id) as people
    from orders
    group by sales_channel, year_start

    union all

    select
        'cohorts' as counted,
        'all' as member,
        first_year as year_start,
        count(*) as people
    from (
        select
            customer_id,
            min(year_start) as first_year
        from orders
        group by customer_id
    ) as customers
    group by first_year
)

select
    coalesce(found.counted, recounted.counted) as counted,
    coalesce(found.member, recounted.member) as member,
    coalesce(found.period_start, recounted.year_start) as year_start
from found
full outer join recounted
    on
        found.counted = recounted.counted
        and found.member = recounted.member
        and found.period_start = recounted.year_start
where found.people is distinct from recounted.people
