with

refunds as (
    select * from {{ ref('int_refunds') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        refunds.refund_id,
        coalesce(refunds.order_id, 'none') as order_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        refunds.source_system,
        refunds.sales_channel,
        refunds.store_code,
        refunds.refunded_at,
        refunds.refunded_date,
        orders.ordered_date,
        orders.sales_channel as order_sales_channel,
        cast(refunds.refund as {{ money_type() }}) as refund,
        cast(refunds.tax as {{ money_type() }}) as tax,
        cast(refunds.shipping as {{ money_type() }}) as shipping
    from refunds
    left join orders
        on refunds.order_id = orders.order_id
    left join customer_links
        on
            refunds.source_system = customer_links.source_system
            and refunds.source_person_key = customer_links.source_person_key
)

select * from final
