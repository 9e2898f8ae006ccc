{%- set active_days = var('windows')['active_days'] -%}
{%- set known_cost_share = var('customer_value')['known_cost_share'] -%}

with

histories as (
    select * from {{ ref('int_purchase_histories') }}
    where cut = 'now'
),

orders as (
    select * from {{ ref('fct_orders') }}
    where not is_cancelled
),

scores as (
    select * from {{ source('analytics', 'value_scores') }}
),

order_value_model as (
    select * from {{ source('analytics', 'order_value_model') }}
),

recent_sums as (
    select
        sum(net_revenue) as net_revenue,
        sum(case when margin is not null then net_revenue else 0 end) as net_revenue_of_known_cost,
        sum(margin) as margin
    from orders
    where ordered_date > {{ add_days(data_end_date(), -active_days) }}
),

-- Of orders whose cost is known, where those are enough of all: a few fees without a cost are no margin.
margin_rates as (
    select
        case
            when
                net_revenue_of_known_cost > 0
                and cast(net_revenue_of_known_cost as double) >= {{ known_cost_share }} * cast(net_revenue as double)
                then greatest(0e0, least(1e0, cast(margin as double) / cast(net_revenue_of_known_cost as double)))
        end as margin_rate
    from recent_sums
),

margins as (
    select
        orders.customer_id,
        sum(
            coalesce(
                orders.margin,
                cast(cast(orders.net_revenue as double) * margin_rates.margin_rate as {{ money_type() }})
            )
        ) as historical_margin,
        count(*) = count(coalesce(orders.margin, margin_rates.margin_rate)) as is_known
    from orders
    cross join margin_rates
    where orders.customer_id <> 'unknown'
    group by orders.customer_id
),

scored as (
    select
        histories.customer_id,
        histories.frequency,
        histories.recency_days,
        histories.age_days,
        case
            when histories.valued_orders > 0
                then cast(histories.valued_revenue as double) / histories.valued_orders
        end as monetary_mean,
        scores.p_alive,
        scores.expected_orders_30d,
        scores.expected_orders_90d,
        scores.expected_orders_365d,
        order_value_model.p
        * (order_value_model.gamma + coalesce(cast(histories.valued_revenue as double), 0))
        / (order_value_model.p * histories.valued_orders + order_value_model.q - 1) as expected_order_value,
        scores.discounted_orders_12m,
        scores.discounted_orders,
        margin_rates.margin_rate,
        case when margins.is_known then cast(margins.historical_margin as double) end as historical_margin,
        scores.served
    from histories
    inner join scores
        on
            histories.frequency = scores.frequency
            and histories.recency_days = scores.recency_days
            and histories.age_days = scores.age_days
            and histories.recent_orders = scores.recent_orders
    left join order_value_model
        on 1 = 1
    cross join margin_rates
    left join margins
        on histories.customer_id = margins.customer_id
),

final as (
    select
        customer_id,
        frequency,
        recency_days,
        age_days,
        monetary_mean,
        p_alive,
        expected_orders_30d,
        expected_orders_90d,
        expected_orders_365d,
        expected_order_value,
        historical_margin,
        discounted_orders_12m * expected_order_value * margin_rate as clv_12m,
        historical_margin + discounted_orders * expected_order_value * margin_rate as clv_total,
        served
    from scored
)

select * from final
