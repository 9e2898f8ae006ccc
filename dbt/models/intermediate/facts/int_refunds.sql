-- A shop refund pays back goods first and shipping only beyond them: revenue holds no shipping, so neither may what is
-- taken off it. Its VAT follows the order's, cumulatively, so that a full refund gives back the order's whole VAT.
with

orders as (
    select * from {{ ref('int_orders') }}
),

shop_refunds as (
    select
        {{ surrogate_key(["'refund'", 'transactions.transaction_id']) }} as refund_id,
        orders.order_id,
        'shop' as source_system,
        coalesce(orders.source_person_key, transactions.customer_account) as source_person_key,
        coalesce(orders.sales_channel, 'web') as sales_channel,
        orders.store_code,
        transactions.transacted_at as refunded_at,
        transactions.first_seen_date,
        coalesce(orders.goods_ttc, 0) as goods_ttc,
        coalesce(orders.goods_tax, 0) as goods_tax,
        coalesce(orders.shipping_ttc, 0) as shipping_ttc,
        {{ in_reporting_currency('transactions.amount_ttc', fx_rate('transactions.currency')) }} as refund_ttc
    from {{ ref('stg_shop__transactions') }} as transactions
    left join orders on {{ order_key('transactions.order_name') }} = orders.order_id
    where
        transactions.kind = 'refund'
        and transactions.status = 'success'
        and not coalesce(orders.is_cancelled, false)
),

running as (
    select
        *,
        sum(refund_ttc) over (
            partition by coalesce(order_id, refund_id)
            order by refunded_at, refund_id
            rows between unbounded preceding and current row
        ) as refunded_so_far
    from shop_refunds
),

split as (
    select
        *,
        least(greatest(refunded_so_far - goods_ttc, 0), shipping_ttc) as shipping_so_far,
        least(greatest(refunded_so_far - refund_ttc - goods_ttc, 0), shipping_ttc) as shipping_before
    from running
),

split_goods as (
    select
        *,
        shipping_so_far - shipping_before as shipping_refund_ttc,
        coalesce({{ prorate('refunded_so_far - shipping_so_far', 'goods_tax', 'goods_ttc') }}, 0)
        - coalesce({{ prorate('refunded_so_far - refund_ttc - shipping_before', 'goods_tax', 'goods_ttc') }}, 0)
            as goods_refund_tax
    from split
),

shop_final as (
    select
        refund_id,
        order_id,
        source_system,
        source_person_key,
        sales_channel,
        store_code,
        refunded_at,
        first_seen_date,
        refund_ttc - shipping_refund_ttc - goods_refund_tax as refund,
        goods_refund_tax + shipping_refund_ttc
        - {{ exclude_vat('shipping_refund_ttc', default_vat_rate()) }} as tax,
        {{ exclude_vat('shipping_refund_ttc', default_vat_rate()) }} as shipping,
        refund_ttc
    from split_goods
),

return_tickets as (
    select
        lines.ticket_key,
        lines.original_ticket,
        min(lines.source_system) as source_system,
        min(lines.source_person_key) as source_person_key,
        min(lines.store_code) as store_code,
        min(lines.sold_at) as refunded_at,
        min(lines.arrival_date) as first_seen_date,
        -sum(lines.net_ttc) as refund_ttc,
        -sum({{ exclude_vat('lines.net_ttc', 'lines.vat_rate') }}) as refund
    from {{ ref('stg_pos__ticket_lines') }} as lines
    where lines.ticket_type = 'RETOUR'
    group by lines.ticket_key, lines.original_ticket
),

store_final as (
    select
        {{ surrogate_key(["'refund'", 'return_tickets.ticket_key', 'return_tickets.original_ticket']) }} as refund_id,
        orders.order_id,
        case
            when return_tickets.source_person_key is null then coalesce(orders.source_system, 'pos')
            else return_tickets.source_system
        end as source_system,
        coalesce(return_tickets.source_person_key, orders.source_person_key) as source_person_key,
        'store' as sales_channel,
        return_tickets.store_code,
        return_tickets.refunded_at,
        return_tickets.first_seen_date,
        return_tickets.refund,
        return_tickets.refund_ttc - return_tickets.refund as tax,
        0 as shipping,
        return_tickets.refund_ttc
    from return_tickets
    left join orders on {{ order_key('return_tickets.original_ticket') }} = orders.order_id
),

{% set refund_columns -%}
    refund_id, order_id, source_system, source_person_key, sales_channel, store_code, refunded_at, first_seen_date,
    refund, tax, shipping, refund_ttc
{%- endset -%}

all_refunds as (
    select {{ refund_columns }} from shop_final
    union all
    select {{ refund_columns }} from store_final
),

final as (
    select
        refund_id,
        order_id,
        source_system,
        source_person_key,
        sales_channel,
        store_code,
        refunded_at,
        {{ local_date('refunded_at') }} as refunded_date,
        first_seen_date,
        cast(refund as {{ money_type() }}) as refund,
        cast(tax as {{ money_type() }}) as tax,
        cast(shipping as {{ money_type() }}) as shipping,
        cast(refund_ttc as {{ money_type() }}) as refund_ttc
    from all_refunds
)

select * from final
