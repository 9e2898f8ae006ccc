with

orders as (
    select * from {{ ref('int_orders') }}
),

refunds as (
    select * from {{ ref('int_refunds') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

refunds_of_orders as (
    select
        order_id,
        sum(refund) as refund
    from refunds
    where order_id is not null
    group by order_id
),

identified as (
    select
        orders.*,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        cast(
            case when orders.is_cancelled then 0 else coalesce(refunds_of_orders.refund, 0) end as {{ money_type() }}
        ) as refund
    from orders
    left join customer_links
        on
            orders.source_system = customer_links.source_system
            and orders.source_person_key = customer_links.source_person_key
    left join refunds_of_orders
        on orders.order_id = refunds_of_orders.order_id
),

-- Cancelled orders never happened as far as the sequence goes, and `unknown` is not one person.
sequenced as (
    select
        order_id,
        row_number() over (partition by customer_id order by ordered_at, order_id) as order_number
    from identified
    where
        not is_cancelled
        and customer_id <> 'unknown'
),

final as (
    select
        identified.order_id,
        identified.customer_id,
        identified.source_system,
        identified.sales_channel,
        identified.fulfilment,
        identified.store_code,
        identified.ordered_at,
        identified.ordered_date,
        identified.order_month,
        cast(identified.gross_revenue as {{ money_type() }}) as gross_revenue,
        cast(identified.discount as {{ money_type() }}) as discount,
        identified.refund,
        cast(identified.gross_revenue - identified.discount - identified.refund as {{ money_type() }}) as net_revenue,
        cast(identified.tax as {{ money_type() }}) as tax,
        cast(identified.goods_tax as {{ money_type() }}) as goods_tax,
        cast(identified.shipping as {{ money_type() }}) as shipping,
        cast(identified.cost_of_goods as {{ money_type() }}) as cost_of_goods,
        cast(identified.commission as {{ money_type() }}) as commission,
        cast(
            identified.gross_revenue
            - identified.discount
            - identified.refund
            - identified.cost_of_goods
            - identified.commission as {{ money_type() }}
        ) as margin,
        cast(identified.line_count as bigint) as line_count,
        cast(identified.quantity as bigint) as quantity,
        identified.is_cancelled,
        coalesce(sequenced.order_number = 1, false) as is_first_order,
        identified.currency,
        cast(identified.fx_rate as double) as fx_rate
    from identified
    left join sequenced
        on identified.order_id = sequenced.order_id
)

select * from final
