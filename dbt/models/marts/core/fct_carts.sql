with

carts as (
    select * from {{ ref('int_carts') }}
),

session_customers as (
    select * from {{ ref('int_session_customers') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        carts.cart_id,
        {{ customer_of_visit() }},
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
    left join session_customers on carts.session_id = session_customers.session_id
    left join customer_links
        on
            carts.source_system = customer_links.source_system
            and carts.source_person_key = customer_links.source_person_key
)

select * from final
