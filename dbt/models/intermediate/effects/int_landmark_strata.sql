{%- set landmark_days = var('omnichannel_value')['landmark_days'] -%}
{%- set value_days = var('omnichannel_value')['value_days'] -%}

with

orders as (
    select * from {{ ref('fct_orders') }}
    where
        not is_cancelled
        and customer_id <> 'unknown'
),

customers as (
    select * from {{ ref('int_customer_profiles') }}
),

channels as (
    select * from {{ ref('dim_channels') }}
    where channel_role = 'sales'
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

newcomers as (
    select
        orders.customer_id,
        orders.ordered_date as first_date,
        {{ add_days('orders.ordered_date', landmark_days) }} as landmark_date
    from orders
    inner join customers
        on orders.customer_id = customers.customer_id
    where
        orders.is_first_order
        and not customers.is_left_censored
        and {{ add_days('orders.ordered_date', landmark_days + value_days) }} <= {{ add_days(data_end_date(), 1) }}
),

judged as (
    select
        newcomers.customer_id,
        newcomers.landmark_date,
        orders.order_id,
        orders.is_first_order,
        channels.is_physical,
        orders.ordered_date < newcomers.landmark_date as is_before,
        orders.net_revenue,
        orders.margin
    from newcomers
    inner join orders
        on newcomers.customer_id = orders.customer_id
    inner join channels
        on orders.sales_channel = channels.channel
    where orders.ordered_date < {{ add_days('newcomers.landmark_date', value_days) }}
),

customers_at_landmark as (
    select
        customer_id,
        landmark_date,
        count(case when is_before then 1 end) as orders_before,
        sum(case when is_before then net_revenue else 0 end) as revenue_before,
        max(case when is_first_order and is_physical then 1 else 0 end) as is_first_physical,
        max(case when is_before and is_physical then 1 else 0 end)
        + max(case when is_before and not is_physical then 1 else 0 end) = 2 as is_omnichannel,
        count(case when not is_before then 1 end) as orders,
        sum(case when is_before then 0 else net_revenue end) as net_revenue,
        sum(case when is_before then 0 else margin end) as margin,
        count(case when not is_before and margin is null then 1 end) as orders_without_cost
    from judged
    group by customer_id, landmark_date
),

-- Alike before the landmark: as many orders, first in the same kind of channel, for about as much.
stratified as (
    select
        *,
        least(orders_before, 5) || '-' || is_first_physical || '-' || ntile(3) over (
            partition by least(orders_before, 5), is_first_physical
            order by revenue_before, customer_id
        ) as stratum
    from customers_at_landmark
),

by_measure as (
    {% for measure in ['orders', 'net_revenue', 'margin'] -%}
        select
            landmark_date,
            is_omnichannel,
            stratum,
            '{{ measure }}' as measure,
            cast({{ measure }} as decimal(14, 4)) as amount
        from stratified
        {%- if measure == 'margin' %}
            where orders_without_cost = 0
        {%- endif %}
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}
),

final as (
    select
        date_periods.period,
        date_periods.period_start,
        by_measure.measure,
        by_measure.stratum,
        by_measure.is_omnichannel,
        count(*) as customers,
        sum(by_measure.amount) as total,
        cast(sum(by_measure.amount * by_measure.amount) as double) as total_squared
    from by_measure
    inner join date_periods
        on by_measure.landmark_date = date_periods.date_day
    where date_periods.period in ('quarter', 'year')
    group by
        date_periods.period,
        date_periods.period_start,
        by_measure.measure,
        by_measure.stratum,
        by_measure.is_omnichannel
)

select * from final
