{%- set combination_window = 'interval ' ~ var('windows')['channel_combination_days'] ~ ' day' -%}

with

all_orders as (
    select * from {{ ref('fct_orders') }}
),

all_refunds as (
    select * from {{ ref('fct_refunds') }}
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

combinations as (
    select
        all_orders.order_id,
        {{ array_to_text(array_agg_distinct('touchpoints.touch_channel'), ' + ') }} as channel_combination,
        count(distinct touchpoints.touch_channel) as channels
    from all_orders
    inner join touchpoints
        on
            all_orders.customer_id = touchpoints.customer_id
            and touchpoints.touched_at between all_orders.ordered_at - {{ combination_window }}
            and all_orders.ordered_at
    where all_orders.customer_id <> 'unknown'
    group by all_orders.order_id
),

orders as (
    select
        all_orders.*,
        case
            when all_orders.customer_id = 'unknown' then 'unknown'
            else coalesce(combinations.channel_combination, 'none')
        end as channel_combination
    from all_orders
    left join combinations
        on all_orders.order_id = combinations.order_id
),

refunds as (
    select
        all_refunds.*,
        coalesce(orders.channel_combination, 'unknown') as channel_combination
    from all_refunds
    left join orders
        on all_refunds.order_id = orders.order_id
),

channel_counts as (
    select distinct
        channel_combination,
        channels
    from combinations
    union all
    select
        'none' as channel_combination,
        0 as channels
),

revenue as (
    {{ revenue_by_period('channel_combination') }}
),

final as (
    select
        revenue.period,
        revenue.period_start,
        revenue.channel_combination,
        cast(channel_counts.channels as bigint) as channels,
        revenue.orders,
        revenue.cancelled_orders,
        revenue.first_orders,
        revenue.identified_orders,
        revenue.orders_without_cost,
        revenue.customers,
        revenue.quantity,
        revenue.gross_revenue,
        revenue.discount,
        revenue.refund,
        revenue.refund_of_orders,
        revenue.net_revenue,
        revenue.tax,
        revenue.shipping,
        revenue.cost_of_goods,
        revenue.commission,
        revenue.margin,
        revenue.identified_share,
        revenue.average_order_value,
        revenue.is_complete,
        revenue.is_reliable
    from revenue
    left join channel_counts
        on revenue.channel_combination = channel_counts.channel_combination
)

select * from final
