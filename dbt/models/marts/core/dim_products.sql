with

products as (
    select * from {{ ref('stg_reference__products') }}
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
),

-- A sku sold but missing from the reference is still a product that was sold.
skus as (
    select sku from products
    union
    select sku from order_lines where sku is not null
),

final as (
    select
        skus.sku,
        products.ean,
        products.product_name,
        products.category,
        products.brand,
        cast(products.price_ttc as {{ money_type() }}) as price_with_tax,
        cast(products.unit_cost as {{ money_type() }}) as unit_cost,
        cast(products.vat_rate / 100e0 as double) as vat_rate,
        products.launched_on as launched_date,
        {{ is_product('skus.sku') }} as is_product,
        products.sku is not null as is_in_reference
    from skus
    left join products
        on skus.sku = products.sku
)

select * from final
