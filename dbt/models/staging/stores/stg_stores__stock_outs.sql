-- A spell comes again in the month it ended.
with

source as (
    select
        *,
        {{ delivery_rank(['store_code', 'sku', 'out_since']) }} as version_rank
    from {{ source('raw', 'stock_outs') }}
),

final as (
    select
        store_code,
        sku,
        out_since,
        back_on
    from source
    where version_rank = 1
)

select * from final
