with

orders as (
    select * from {{ ref('fct_orders') }}
    where not is_cancelled
),

channels as (
    select * from {{ ref('dim_channels') }}
    where channel_role = 'sales'
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

periods as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        count(orders.order_id) as orders,
        sum(case when orders.customer_id <> 'unknown' then 1 else 0 end) as identified_orders
    from date_periods
    left join orders
        on date_periods.date_day = orders.ordered_date
    where date_periods.is_observed
    group by date_periods.period, date_periods.period_start, date_periods.is_complete
),

buyers as (
    select
        date_periods.period,
        date_periods.period_start,
        orders.customer_id,
        count(distinct orders.sales_channel) as sales_channels,
        max(case when channels.is_physical then 1 else 0 end) as has_physical,
        max(case when channels.is_physical then 0 else 1 end) as has_digital
    from orders
    inner join channels
        on orders.sales_channel = channels.channel
    inner join date_periods
        on orders.ordered_date = date_periods.date_day
    where orders.customer_id <> 'unknown'
    group by date_periods.period, date_periods.period_start, orders.customer_id
),

counted as (
    select
        period,
        period_start,
        count(*) as buyers,
        sum(case when sales_channels > 1 then 1 else 0 end) as multichannel_buyers,
        sum(has_physical * has_digital) as crossing_buyers
    from buyers
    group by period, period_start
),

measured as (
    select
        periods.*,
        coalesce(counted.buyers, 0) as buyers,
        coalesce(counted.multichannel_buyers, 0) as multichannel_buyers,
        coalesce(counted.crossing_buyers, 0) as crossing_buyers
    from periods
    left join counted
        on
            periods.period = counted.period
            and periods.period_start = counted.period_start
),

final as (
    select
        period,
        period_start,
        cast(multichannel_buyers as bigint) as multichannel_buyers,
        cast(crossing_buyers as bigint) as crossing_buyers,
        cast(buyers as bigint) as buyers,
        cast(identified_orders as bigint) as identified_orders,
        cast(orders as bigint) as orders,
        case when orders > 0 then cast(identified_orders as double) / orders end as identified_share,
        case when buyers > 0 then cast(crossing_buyers as double) / buyers end as crossing_rate,
        case when buyers > 0 then cast(multichannel_buyers as double) / buyers end as interchannel_rate,
        is_complete,
        buyers >= {{ var('reliability')['min_n'] }} as is_reliable
    from measured
)

select * from final
