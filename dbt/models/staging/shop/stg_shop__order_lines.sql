with

order_rows as (
    select * from {{ ref('base_shop__order_rows') }}
),

final as (
    select
        name as order_name,
        line_number,
        {{ clean_text('line_sku') }} as sku,
        cast(line_quantity as bigint) as quantity,
        cast(line_price as {{ money_type() }}) as unit_price_ttc,
        cast(coalesce(line_discount, 0) as {{ money_type() }}) as line_discount_ttc,
        coalesce(line_taxable, true) as is_taxable
    from order_rows
)

select * from final
