with

carts as (
    select * from {{ ref('int_carts') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        carts.cart_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        carts.source_system,
        carts.sales_channel,
        carts.cart_stage,
        carts.created_at,
        carts.created_date,
        carts.last_activity_at,
        cast(carts.value as {{ money_type() }}) as value,
        carts.is_abandoned,
        carts.order_id,
        carts.recovered_at
    from carts
    left join customer_links
        on
            carts.source_system = customer_links.source_system
            and carts.source_person_key = customer_links.source_person_key
)

select * from final
