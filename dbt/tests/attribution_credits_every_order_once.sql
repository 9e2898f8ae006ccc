-- In every model the credits of an order sum to one order and to its net revenue, and nothing but orders is credited.
with

orders as (
    select * from {{ ref('fct_orders') }}
    where not is_cancelled
),

credits as (
    select
        order_id,
        {% for model in attribution_models() -%}
            sum({{ model }}) as {{ model }},
            min({{ model }}) as {{ model }}_least,
            sum({{ model }} * cast(net_revenue as double)) as {{ model }}_revenue{{ ',' if not loop.last }}
        {% endfor %}
    from {{ ref('int_attribution_credits') }}
    group by order_id
)

select coalesce(orders.order_id, credits.order_id) as order_id
from orders
full outer join credits
    on orders.order_id = credits.order_id
where
    orders.order_id is null
    or credits.order_id is null
    {%- for model in attribution_models() %}
        or abs(credits.{{ model }} - 1) > 1e-9
        or credits.{{ model }}_least < 0
        or abs(credits.{{ model }}_revenue - cast(orders.net_revenue as double))
        > 1e-9 * (1 + abs(cast(orders.net_revenue as double)))
    {%- endfor %}
