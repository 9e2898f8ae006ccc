with

source as (
    select
        *,
        {{ delivery_rank(['sku']) }} as version_rank
    from {{ source('raw', 'products') }}
),

final as (
    select
        sku,
        {{ clean_text('ean') }} as ean,
        name as product_name,
        category,
        {{ clean_text('brand') }} as brand,
        cast(price_ttc as {{ money_type() }}) as price_ttc,
        cast(cost_ht as {{ money_type() }}) as unit_cost,
        vat_rate,
        launched_on,
        ds as snapshot_on
    from source
    where version_rank = 1
)

select * from final
