with

stock as (
    select * from {{ ref('stg_reference__store_stock') }}
),

final as (
    select
        store_code,
        sku,
        stock_on as stock_date,
        cast(quantity as bigint) as quantity
    from stock
)

select * from final
