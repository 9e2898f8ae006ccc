with

order_lines as (
    select * from {{ ref('fct_order_lines') }}
    where
        is_product
        and not is_cancelled
        and customer_id <> 'unknown'
),

products as (
    select * from {{ ref('dim_products') }}
    where category is not null
),

final as (
    select distinct
        order_lines.customer_id,
        order_lines.ordered_date as purchase_date,
        products.category
    from order_lines
    inner join products
        on order_lines.sku = products.sku
)

select * from final
