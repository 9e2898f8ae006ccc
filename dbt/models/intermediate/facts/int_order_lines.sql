-- Prices include VAT. Per line: net_ttc = gross_ttc - discount_ttc, and VAT is taken out of both, so that
-- gross_revenue - discount + tax = net_ttc to the last decimal.
with

products as (
    select * from {{ ref('stg_reference__products') }}
),

products_by_ean as (
    select
        ean,
        min(sku) as sku
    from products
    where ean is not null
    group by ean
),

shop_orders as (
    select
        *,
        {{ fx_rate('currency') }} as fx_rate
    from {{ ref('stg_shop__orders') }}
),

shop_amounts as (
    select
        shop_orders.order_name as order_reference,
        lines.line_number,
        shop_orders.source_person_key,
        shop_orders.sales_channel,
        shop_orders.store_code,
        shop_orders.ordered_at,
        shop_orders.is_cancelled,
        shop_orders.first_seen_date,
        shop_orders.cancelled_seen_date,
        lines.sku,
        lines.quantity,
        lines.is_taxable,
        {{ in_reporting_currency('shop_orders.discount_ttc', 'shop_orders.fx_rate') }} as order_discount_ttc,
        {{ in_reporting_currency('lines.quantity * lines.unit_price_ttc', 'shop_orders.fx_rate') }} as gross_ttc,
        {{ in_reporting_currency('lines.line_discount_ttc', 'shop_orders.fx_rate') }} as line_discount_ttc
    from {{ ref('stg_shop__order_lines') }} as lines
    inner join shop_orders on lines.order_name = shop_orders.order_name
),

-- The order's discount falls on its lines by their share of the amount; the last line that costs something takes what
-- rounding left, so that the lines sum to the order.
shop_shares as (
    select
        *,
        sum(gross_ttc - line_discount_ttc) over (partition by order_reference) as order_amount_ttc,
        row_number() over (
            partition by order_reference
            order by case when gross_ttc > line_discount_ttc then 0 else 1 end, line_number desc
        ) = 1 as takes_the_rest
    from shop_amounts
),

shop_discounts as (
    select
        *,
        case
            when takes_the_rest then 0
            else coalesce({{ prorate('order_discount_ttc', 'gross_ttc - line_discount_ttc', 'order_amount_ttc') }}, 0)
        end as share_ttc
    from shop_shares
),

shop_lines as (
    select
        'shop' as source_system,
        source_person_key,
        order_reference,
        line_number,
        sales_channel,
        store_code,
        ordered_at,
        is_cancelled,
        first_seen_date,
        cancelled_seen_date,
        sku,
        quantity,
        gross_ttc,
        gross_ttc - line_discount_ttc - case
            when takes_the_rest then order_discount_ttc - sum(share_ttc) over (partition by order_reference)
            else share_ttc
        end as net_ttc,
        case when not is_taxable then 0 end as vat_rate
    from shop_discounts
),

store_lines as (
    select
        lines.source_system,
        lines.source_person_key,
        lines.ticket_key as order_reference,
        lines.line_number,
        'store' as sales_channel,
        lines.store_code,
        lines.sold_at as ordered_at,
        max(case when lines.ticket_type = 'ANNULATION' then 1 else 0 end) over (partition by lines.ticket_key)
        = 1 as is_cancelled,
        min(lines.arrival_date) over (partition by lines.ticket_key) as first_seen_date,
        min(case when lines.ticket_type = 'ANNULATION' then lines.arrival_date end) over (partition by lines.ticket_key)
            as cancelled_seen_date,
        coalesce(products_by_ean.sku, lines.ean) as sku,
        lines.quantity,
        cast(lines.quantity * lines.unit_price_ttc as {{ money_type() }}) as gross_ttc,
        lines.net_ttc,
        lines.vat_rate
    from {{ ref('stg_pos__ticket_lines') }} as lines
    left join products_by_ean on lines.ean = products_by_ean.ean
    where lines.ticket_type <> 'RETOUR'
),

{% set line_columns -%}
    source_system, source_person_key, order_reference, line_number, sales_channel, store_code, ordered_at, is_cancelled,
    first_seen_date, cancelled_seen_date, sku, quantity, gross_ttc, net_ttc, vat_rate
{%- endset -%}

all_lines as (
    select {{ line_columns }} from shop_lines
    union all
    select {{ line_columns }} from store_lines
),

priced as (
    select
        all_lines.*,
        coalesce(all_lines.vat_rate, products.vat_rate, {{ default_vat_rate() }}) as applied_vat_rate,
        products.unit_cost,
        {{ is_product('all_lines.sku') }} as is_product,
        {{ local_date('all_lines.ordered_at') }} as ordered_date
    from all_lines
    left join products on all_lines.sku = products.sku
),

without_vat as (
    select
        *,
        {{ exclude_vat('gross_ttc', 'applied_vat_rate') }} as gross_revenue,
        {{ exclude_vat('net_ttc', 'applied_vat_rate') }} as net_of_vat
    from priced
),

final as (
    select
        {{ surrogate_key(["'order_line'", 'order_reference', 'line_number']) }} as order_line_id,
        {{ order_key('order_reference') }} as order_id,
        line_number,
        source_system,
        source_person_key,
        sales_channel,
        store_code,
        ordered_at,
        ordered_date,
        {{ period_start('month', 'ordered_date') }} as order_month,
        sku,
        is_product,
        quantity,
        cast(gross_ttc as {{ money_type() }}) as gross_ttc,
        cast(net_ttc as {{ money_type() }}) as net_ttc,
        gross_revenue,
        cast(gross_revenue - net_of_vat as {{ money_type() }}) as discount,
        cast(net_ttc - net_of_vat as {{ money_type() }}) as tax,
        cast(
            case when is_product then quantity * unit_cost else 0 end as {{ money_type() }}
        ) as cost_of_goods,
        is_cancelled,
        first_seen_date,
        cancelled_seen_date
    from without_vat
)

select * from final
