with

all_orders as (
    select * from {{ ref('fct_orders') }}
    where
        not is_cancelled
        and customer_id <> 'unknown'
),

credits as (
    select * from {{ ref('int_attribution_credits') }}
    where is_first_order
),

channel_spend as (
    select * from {{ ref('int_channel_spend') }}
    where
        cost_kind <> 'allocated'
        and spend_purpose = 'acquisition'
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
    where
        is_observed
        and period <> 'week'
),

credited as (
    select
        customer_id,
        ordered_date,
        {{ period_start('month', 'ordered_date') }} as month_start,
        touch_channel,
        sum(linear) as new_customers
    from credits
    group by customer_id, ordered_date, touch_channel
),

spent as (
    select
        {{ period_start('month', 'channel_spend.date_day') }} as month_start,
        channel_spend.touch_channel,
        sum(channel_spend.cost) as spend
    from channel_spend
    inner join date_periods
        on
            channel_spend.date_day = date_periods.date_day
            and date_periods.period = 'month'
    group by {{ period_start('month', 'channel_spend.date_day') }}, channel_spend.touch_channel
),

-- What one new customer of a channel cost in a month.
prices as (
    select
        credited.month_start,
        credited.touch_channel,
        cast(max(spent.spend) as double) / sum(credited.new_customers) as price
    from credited
    inner join spent
        on
            credited.month_start = spent.month_start
            and credited.touch_channel = spent.touch_channel
    where credited.touch_channel <> 'unattributed'
    group by credited.month_start, credited.touch_channel
),

acquired as (
    select
        credited.customer_id,
        credited.ordered_date,
        {{ array_to_text(array_agg_distinct('credited.touch_channel'), ' + ') }} as channels,
        count(*) as channel_count,
        sum(credited.new_customers * coalesce(prices.price, 0e0)) as cost
    from credited
    left join prices
        on
            credited.month_start = prices.month_start
            and credited.touch_channel = prices.touch_channel
    group by credited.customer_id, credited.ordered_date
),

worth as (
    select
        customer_id,
        count(*) as orders,
        sum(net_revenue) as net_revenue,
        sum(margin) as margin,
        sum(case when margin is null then 1 else 0 end) as orders_without_cost
    from all_orders
    group by customer_id
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        case when acquired.channels = 'unattributed' then 'none' else acquired.channels end as channel_combination,
        max(case when acquired.channels = 'unattributed' then 0 else acquired.channel_count end) as channels,
        count(*) as new_customers,
        sum(worth.orders) as orders,
        round(sum(acquired.cost), 6) as cost,
        sum(worth.net_revenue) as net_revenue,
        sum(worth.margin) as margin,
        sum(worth.orders_without_cost) as orders_without_cost
    from acquired
    inner join date_periods
        on acquired.ordered_date = date_periods.date_day
    inner join worth
        on acquired.customer_id = worth.customer_id
    group by
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        case when acquired.channels = 'unattributed' then 'none' else acquired.channels end
),

final as (
    select
        period,
        period_start,
        channel_combination,
        cast(channels as bigint) as channels,
        cast(new_customers as bigint) as new_customers,
        cast(orders as bigint) as orders,
        cost,
        cast(net_revenue as {{ money_type() }}) as net_revenue,
        case when orders_without_cost = 0 then cast(margin as {{ money_type() }}) end as margin,
        case when channel_combination <> 'none' then cost / new_customers end as cac,
        cast(net_revenue as double) / new_customers as net_revenue_per_customer,
        case when orders_without_cost = 0 then cast(margin as double) / new_customers end as margin_per_customer,
        is_complete,
        new_customers >= {{ var('reliability')['min_n'] }} as is_reliable
    from counted
)

select * from final
