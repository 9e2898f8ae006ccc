with

order_lines as (
    select * from {{ ref('int_order_lines') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        order_lines.order_line_id,
        order_lines.order_id,
        cast(order_lines.line_number as bigint) as line_number,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        order_lines.source_system,
        order_lines.sales_channel,
        order_lines.store_code,
        order_lines.ordered_at,
        order_lines.ordered_date,
        order_lines.order_month,
        order_lines.sku,
        order_lines.is_product,
        cast(order_lines.quantity as bigint) as quantity,
        cast(order_lines.gross_revenue as {{ money_type() }}) as gross_revenue,
        cast(order_lines.discount as {{ money_type() }}) as discount,
        cast(order_lines.tax as {{ money_type() }}) as tax,
        cast(order_lines.cost_of_goods as {{ money_type() }}) as cost_of_goods,
        order_lines.is_cancelled
    from order_lines
    left join customer_links
        on
            order_lines.source_system = customer_links.source_system
            and order_lines.source_person_key = customer_links.source_person_key
)

select * from final
