{%- set scores = ['p_alive', 'expected_orders_30d', 'expected_orders_90d', 'expected_orders_365d',
    'expected_order_value', 'clv_12m', 'clv_total'] -%}

with

customers as (
    select * from {{ ref('int_customer_profiles') }}
    where is_known
),

customer_values as (
    select * from {{ ref('int_customer_value') }}
),

final as (
    select
        customer_values.customer_id,
        customer_values.frequency,
        customer_values.recency_days,
        customer_values.age_days,
        customer_values.monetary_mean,
        {%- for score in scores %}
            case when {{ may_be_profiled('customers') }} then customer_values.{{ score }} end as {{ score }},
        {%- endfor %}
        {{ may_be_profiled('customers') }} as is_scored,
        customer_values.served
    from customer_values
    inner join customers
        on customer_values.customer_id = customers.customer_id
)

select * from final
