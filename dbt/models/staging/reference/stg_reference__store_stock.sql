with

source as (
    select
        *,
        {{ delivery_rank(['store_code', 'sku', 'stock_on']) }} as version_rank
    from {{ source('raw', 'store_stock') }}
),

final as (
    select
        store_code,
        sku,
        stock_on,
        quantity
    from source
    where version_rank = 1
)

select * from final
