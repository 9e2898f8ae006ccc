with

cart_events as (
    select *
    from {{ ref('stg_web__events') }}
    where event_name = 'add_to_cart'
),

final as (
    select
        cart_events.session_key,
        cart_events.occurred_at,
        cart_item.item.item_id as sku,
        coalesce(cart_item.item.quantity, 1) as quantity,
        cast(cart_item.item.price as {{ money_type() }}) as unit_price_ttc
    from cart_events
    {{ unnest('cart_events.cart_items', 'cart_item', 'item') }}
)

select * from final
