with

checkout_rows as (
    select * from {{ ref('base_shop__checkout_rows') }}
),

final as (
    select
        checkout_id,
        line_number,
        {{ clean_text('line_sku') }} as sku,
        cast(line_quantity as bigint) as quantity,
        cast(line_price as {{ money_type() }}) as unit_price_ttc
    from checkout_rows
)

select * from final
