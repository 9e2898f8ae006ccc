-- Revenue by product and revenue by channel are the same money.
with

orders as (
    select * from {{ ref('fct_orders') }}
),

line_sums as (
    select
        order_id,
        count(*) as line_count,
        sum(quantity) as quantity,
        sum(gross_revenue) as gross_revenue,
        sum(discount) as discount,
        sum(tax) as goods_tax
    from {{ ref('fct_order_lines') }}
    group by order_id
)

select orders.order_id
from orders
left join line_sums on orders.order_id = line_sums.order_id
where
    line_sums.order_id is null
    or line_sums.line_count <> orders.line_count
    or line_sums.quantity <> orders.quantity
    or line_sums.gross_revenue <> orders.gross_revenue
    or line_sums.discount <> orders.discount
    or line_sums.goods_tax <> orders.goods_tax
