with

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

shop_orders as (
    select
        *,
        {{ order_key('order_name') }} as order_id
    from {{ ref('stg_shop__orders') }}
),

-- The cost of an order is known when the cost of each of its goods is.
goods as (
    select
        order_id,
        min(source_system) as source_system,
        min(source_person_key) as source_person_key,
        min(sales_channel) as sales_channel,
        min(store_code) as store_code,
        min(ordered_at) as ordered_at,
        min(ordered_date) as ordered_date,
        min(order_month) as order_month,
        sum(gross_revenue) as gross_revenue,
        sum(discount) as discount,
        sum(tax) as goods_tax,
        sum(net_ttc) as goods_ttc,
        case when count(*) = count(cost_of_goods) then sum(cost_of_goods) end as cost_of_goods,
        count(*) as line_count,
        sum(quantity) as quantity,
        max(case when is_cancelled then 1 else 0 end) = 1 as is_cancelled,
        min(first_seen_date) as first_seen_date,
        min(cancelled_seen_date) as cancelled_seen_date
    from order_lines
    group by order_id
),

with_header as (
    select
        goods.*,
        coalesce(shop_orders.fulfilment, 'in_store') as fulfilment,
        coalesce(upper(shop_orders.currency), '{{ var("business")["currency"] }}') as currency,
        {{ fx_rate('shop_orders.currency') }} as fx_rate,
        coalesce(
            {{ in_reporting_currency('shop_orders.shipping_ttc', fx_rate('shop_orders.currency')) }}, 0
        ) as shipping_ttc
    from goods
    left join shop_orders on goods.order_id = shop_orders.order_id
),

with_shipping as (
    select
        *,
        {{ exclude_vat('shipping_ttc', default_vat_rate()) }} as shipping,
        case
            when sales_channel = 'marketplace' and not is_cancelled then gross_revenue - discount else 0
        end as commissioned
    from with_header
),

-- A marketplace bills its commission by the month: each of its orders bears the share of its revenue.
commissions as (
    select
        cost_month,
        sum({{ in_reporting_currency('amount', fx_rate('currency')) }}) as commission
    from {{ ref('stg_costs__other_costs') }}
    where category = 'marketplace_commission'
    group by cost_month
),

commissioned_months as (
    select
        order_month,
        sum(commissioned) as commissioned
    from with_shipping
    group by order_month
),

commission_rates as (
    select
        commissioned_months.order_month,
        commissioned_months.commissioned,
        commissions.commission
    from commissioned_months
    inner join commissions on commissioned_months.order_month = commissions.cost_month
    where commissioned_months.commissioned > 0
),

final as (
    select
        orders.order_id,
        orders.source_system,
        orders.source_person_key,
        orders.sales_channel,
        orders.fulfilment,
        orders.store_code,
        orders.ordered_at,
        orders.ordered_date,
        orders.order_month,
        cast(orders.gross_revenue as {{ money_type() }}) as gross_revenue,
        cast(orders.discount as {{ money_type() }}) as discount,
        cast(orders.goods_tax + orders.shipping_ttc - orders.shipping as {{ money_type() }}) as tax,
        orders.shipping,
        cast(orders.cost_of_goods as {{ money_type() }}) as cost_of_goods,
        coalesce(
            {{ prorate('commission_rates.commission', 'orders.commissioned', 'commission_rates.commissioned') }}, 0
        ) as commission,
        orders.line_count,
        cast(orders.quantity as bigint) as quantity,
        orders.is_cancelled,
        orders.first_seen_date,
        orders.cancelled_seen_date,
        orders.currency,
        orders.fx_rate,
        cast(orders.goods_ttc as {{ money_type() }}) as goods_ttc,
        cast(orders.goods_tax as {{ money_type() }}) as goods_tax,
        cast(orders.shipping_ttc as {{ money_type() }}) as shipping_ttc
    from with_shipping as orders
    left join commission_rates on orders.order_month = commission_rates.order_month
)

select * from final
