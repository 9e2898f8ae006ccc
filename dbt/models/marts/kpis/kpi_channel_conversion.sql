with

sessions as (
    select * from {{ ref('fct_sessions') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where not is_cancelled
),

footfall as (
    select * from {{ ref('fct_footfall') }}
),

channels as (
    select * from {{ ref('dim_channels') }}
    where channel_role = 'sales'
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

session_visits as (
    select
        sessions.started_date as counted_date,
        case when sessions.platform = 'web' then 'web' else 'app' end as sales_channel,
        sessions.touch_channel,
        'none' as store,
        count(*) as visits,
        count(orders.order_id) as visit_orders
    from sessions
    left join orders
        on sessions.order_id = orders.order_id
    group by
        sessions.started_date,
        case when sessions.platform = 'web' then 'web' else 'app' end,
        sessions.touch_channel
),

counted_hours as (
    select
        store_code,
        hour_started_at,
        counted_date,
        case when is_measured then entries end as entries
    from footfall
),

orders_of_hours as (
    select
        counted_hours.store_code,
        counted_hours.hour_started_at,
        count(*) as orders
    from counted_hours
    inner join orders
        on
            counted_hours.store_code = orders.store_code
            and counted_hours.counted_date = orders.ordered_date
            and counted_hours.hour_started_at <= orders.ordered_at
            and counted_hours.hour_started_at + interval 1 hour > orders.ordered_at
    inner join channels
        on
            orders.sales_channel = channels.channel
            and channels.is_physical
    group by counted_hours.store_code, counted_hours.hour_started_at
),

-- An hour the counter missed is in neither side of the rate.
store_visits as (
    select
        counted_hours.counted_date,
        'store' as sales_channel,
        'store_visit' as touch_channel,
        counted_hours.store_code as store,
        sum(counted_hours.entries) as visits,
        sum(case when counted_hours.entries is not null then coalesce(orders_of_hours.orders, 0) end) as visit_orders,
        count(*) - count(counted_hours.entries) as uncounted_hours
    from counted_hours
    left join orders_of_hours
        on
            counted_hours.store_code = orders_of_hours.store_code
            and counted_hours.hour_started_at = orders_of_hours.hour_started_at
    group by counted_hours.counted_date, counted_hours.store_code
),

-- A confirmation page opened again in another visit makes no second order.
visit_of_orders as (
    select
        order_id,
        min(touch_channel) as touch_channel
    from sessions
    where order_id is not null
    group by order_id
),

placed as (
    select
        orders.ordered_date as counted_date,
        orders.sales_channel,
        case
            when channels.is_physical then 'store_visit'
            else coalesce(visit_of_orders.touch_channel, 'none')
        end as touch_channel,
        case when channels.is_physical then coalesce(orders.store_code, 'none') else 'none' end as store,
        count(*) as orders
    from orders
    inner join channels
        on orders.sales_channel = channels.channel
    left join visit_of_orders
        on orders.order_id = visit_of_orders.order_id
    group by
        orders.ordered_date,
        orders.sales_channel,
        case
            when channels.is_physical then 'store_visit'
            else coalesce(visit_of_orders.touch_channel, 'none')
        end,
        case when channels.is_physical then coalesce(orders.store_code, 'none') else 'none' end
),

counts as (
    select
        counted_date,
        sales_channel,
        touch_channel,
        store,
        visits,
        visit_orders,
        0 as orders,
        0 as uncounted_hours
    from session_visits

    union all

    select
        counted_date,
        sales_channel,
        touch_channel,
        store,
        visits,
        visit_orders,
        0 as orders,
        uncounted_hours
    from store_visits

    union all

    select
        counted_date,
        sales_channel,
        touch_channel,
        store,
        cast(null as bigint) as visits,
        cast(null as bigint) as visit_orders,
        orders,
        0 as uncounted_hours
    from placed
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        counts.sales_channel,
        counts.touch_channel,
        counts.store,
        sum(counts.orders) as orders,
        sum(counts.visit_orders) as visit_orders,
        sum(counts.visits) as visits,
        sum(counts.uncounted_hours) as uncounted_hours
    from counts
    inner join date_periods
        on counts.counted_date = date_periods.date_day
    group by
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        counts.sales_channel,
        counts.touch_channel,
        counts.store
),

final as (
    select
        period,
        period_start,
        sales_channel,
        touch_channel,
        store,
        cast(orders as bigint) as orders,
        cast(uncounted_hours as bigint) as uncounted_hours,
        cast(visit_orders as bigint) as visit_orders,
        cast(visits as bigint) as visits,
        case when visits > 0 and visit_orders <= visits then cast(visit_orders as double) / visits end
            as conversion_rate,
        is_complete,
        coalesce(visits >= {{ var('reliability')['min_n'] }}, false) as is_reliable
    from counted
)

select * from final
