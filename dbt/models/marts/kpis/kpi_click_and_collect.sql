{%- set prepared_hours = var('pickups')['prepared_hours'] -%}
{%- set collected_days = var('windows')['pickup_collected_days'] -%}
{%- set durations = ['hours_to_prepare', 'hours_to_pick_up'] -%}

with

orders as (
    select * from {{ ref('fct_orders') }} where not is_cancelled
),

pickups as (
    select * from {{ ref('fct_pickups') }}
),

channels as (
    select channel from {{ ref('dim_channels') }} where channel_role = 'sales' and is_physical
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

orders_to_collect as (
    select * from orders where fulfilment = 'click_and_collect'
),

-- Orders nobody has prepared yet, and parcels whose order is not known or was cancelled, are there too.
collections as (
    select
        pickups.pickup_id,
        coalesce(orders_to_collect.order_id, pickups.order_id) as order_id,
        coalesce(orders_to_collect.ordered_date, pickups.prepared_date) as ordered_date,
        coalesce(pickups.store_code, orders_to_collect.store_code, 'none') as store,
        coalesce(orders_to_collect.customer_id, pickups.customer_id) as customer_id,
        {{ seconds_between('orders_to_collect.ordered_at', data_end_at()) }} / 3600e0 as hours_since_order,
        pickups.prepared_at,
        pickups.picked_up_at,
        pickups.put_back_at,
        pickups.hours_to_prepare,
        pickups.hours_to_pick_up
    from orders_to_collect
    full outer join pickups
        on orders_to_collect.order_id = pickups.order_id
),

-- What else the customer bought in that store on the day they came.
extra_purchases as (
    select distinct collections.pickup_id
    from collections
    inner join orders
        on
            collections.customer_id = orders.customer_id
            and collections.store = orders.store_code
            and {{ local_date('collections.picked_up_at') }} = orders.ordered_date
            and collections.order_id <> orders.order_id
    inner join channels
        on orders.sales_channel = channels.channel
    where collections.customer_id <> 'unknown'
),

judged as (
    select
        collections.*,
        coalesce(
            collections.hours_to_prepare is not null or collections.hours_since_order > {{ prepared_hours }}e0, false
        ) as is_due,
        coalesce(collections.hours_to_prepare <= {{ prepared_hours }}e0, false) as is_in_time,
        collections.picked_up_at is not null and collections.customer_id <> 'unknown' as is_identified_pickup,
        extra_purchases.pickup_id is not null as has_extra_purchase
    from collections
    left join extra_purchases
        on collections.pickup_id = extra_purchases.pickup_id
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.period_end,
        date_periods.is_complete,
        judged.store,
        count(*) as orders,
        count(case when judged.customer_id <> 'unknown' then 1 end) as identified_orders,
        count(case when judged.is_due then 1 end) as preparation_due,
        count(case when judged.is_due and judged.is_in_time then 1 end) as prepared_in_time,
        count(judged.picked_up_at) as picked_up,
        count(case when judged.picked_up_at is null then judged.put_back_at end) as not_collected,
        count(case when judged.is_identified_pickup then 1 end) as identified_pickups,
        count(case when judged.is_identified_pickup and judged.has_extra_purchase then 1 end) as extra_purchases,
        {%- for duration in durations %}
            {{ duration_histogram('judged.' ~ duration, duration) }},
            percentile_cont(0.5) within group (order by judged.{{ duration }}) as median_{{ duration }},
            percentile_cont(0.9) within group (order by judged.{{ duration }}) as p90_{{ duration }},
        {%- endfor %}
        count(judged.prepared_at) as prepared
    from judged
    inner join date_periods
        on judged.ordered_date = date_periods.date_day
    group by
        date_periods.period, date_periods.period_start, date_periods.period_end, date_periods.is_complete,
        judged.store
),

matured as (
    select
        *,
        {{ matures_at('period_end', collected_days) }} as matures_at,
        {{ matures_at('period_end', collected_days) }} <= {{ data_end_at() }} as is_mature
    from counted
),

final as (
    select
        period,
        period_start,
        store,
        cast(orders as bigint) as orders,
        cast(identified_orders as bigint) as identified_orders,
        cast(preparation_due as bigint) as preparation_due,
        cast(prepared_in_time as bigint) as prepared_in_time,
        cast(prepared as bigint) as prepared,
        cast(picked_up as bigint) as picked_up,
        cast(not_collected as bigint) as not_collected,
        cast(identified_pickups as bigint) as identified_pickups,
        cast(extra_purchases as bigint) as extra_purchases,
        {%- for duration in durations %}
            {{ duration_histogram_columns(duration) }},
        {%- endfor %}
        {%- for duration in durations %}
            case when is_mature then cast(median_{{ duration }} as double) end as median_{{ duration }},
            case when is_mature then cast(p90_{{ duration }} as double) end as p90_{{ duration }},
        {%- endfor %}
        cast(identified_orders as double) / orders as identified_share,
        cast(prepared_in_time as double) / nullif(preparation_due, 0) as prepared_in_time_rate,
        case when is_mature then cast(picked_up as double) / nullif(picked_up + not_collected, 0) end
            as collected_rate,
        case when is_mature then cast(extra_purchases as double) / nullif(identified_pickups, 0) end
            as extra_purchase_rate,
        is_complete,
        matures_at,
        orders >= {{ var('reliability')['min_n'] }} as is_reliable
    from matured
)

select * from final
