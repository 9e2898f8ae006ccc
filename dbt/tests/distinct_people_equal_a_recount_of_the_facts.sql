-- People counted once: buyers of a year, customers of a sales channel in a year, and cohorts, straight from the orders;
-- members at the end of a month from their spells of membership.
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

    union all

    select
        'members' as counted,
        'all' as member,
        period_start,
        sum(members) as people
    from {{ ref('kpi_loyalty') }}
    where period = 'month'
    group by period_start
    having sum(members) > 0
),

month_ends as (
    select
        period_start,
        max(date_day) as measured_to
    from {{ ref('bridge_date_periods') }}
    where period = 'month' and is_observed
    group by period_start
),

recounted as (
    select
        'buyers' as counted,
        'all' as member,
        year_start as period_start,
        count(distinct customer_id) as people
    from orders
    group by year_start

    union all

    select
        'customers' as counted,
        sales_channel as member,
        year_start as period_start,
        count(distinct customer_id) as people
    from orders
    group by sales_channel, year_start

    union all

    select
        'cohorts' as counted,
        'all' as member,
        first_year as period_start,
        count(*) as people
    from (
        select
            customer_id,
            min(year_start) as first_year
        from orders
        group by customer_id
    ) as customers
    group by first_year

    union all

    select
        'members' as counted,
        'all' as member,
        month_ends.period_start,
        count(distinct memberships.customer_id) as people
    from month_ends
    inner join {{ ref('fct_loyalty_memberships') }} as memberships
        on
            memberships.valid_from <= month_ends.measured_to
            and coalesce(memberships.valid_to > month_ends.measured_to, true)
    where memberships.customer_id <> 'unknown'
    group by month_ends.period_start
)

select
    coalesce(found.counted, recounted.counted) as counted,
    coalesce(found.member, recounted.member) as member,
    coalesce(found.period_start, recounted.period_start) as period_start
from found
full outer join recounted
    on
        found.counted = recounted.counted
        and found.member = recounted.member
        and found.period_start = recounted.period_start
where found.people is distinct from recounted.people
