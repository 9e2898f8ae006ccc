{%- set windows = var('windows') -%}
{%- set abandoned_after = 'interval ' ~ windows['cart_abandoned_hours'] ~ ' hour' -%}
{%- set recovered_within = 'interval ' ~ windows['cart_recovered_days'] ~ ' day' -%}

with

sessions as (
    select * from {{ ref('int_sessions') }}
),

checkouts as (
    select
        *,
        {{ surrogate_key(["'device'", 'device_id']) }} as device_id_hash
    from {{ ref('stg_shop__checkouts') }}
),

products as (
    select * from {{ ref('stg_reference__products') }}
),

orders as (
    select * from {{ ref('int_orders') }} where not is_cancelled
),

related_records as (
    select * from {{ ref('int_related_records') }}
),

session_values as (
    select
        items.session_key,
        sum({{ exclude_vat(
            'items.quantity * items.unit_price_ttc', 'coalesce(products.vat_rate, ' ~ default_vat_rate() ~ ')'
        ) }}) as cart_value
    from {{ ref('stg_web__cart_items') }} as items
    left join products on items.sku = products.sku
    group by items.session_key
),

checkout_values as (
    select
        lines.checkout_id,
        sum({{ exclude_vat(
            'lines.quantity * lines.unit_price_ttc', 'coalesce(products.vat_rate, ' ~ default_vat_rate() ~ ')'
        ) }}) as cart_value
    from {{ ref('stg_shop__checkout_lines') }} as lines
    left join products on lines.sku = products.sku
    group by lines.checkout_id
),

-- The shop's abandoned checkout and the web session it was made in are one cart, the checkout's.
sessions_of_checkouts as (
    select sessions.session_id
    from sessions
    inner join checkouts
        on
            sessions.device_id_hash = checkouts.device_id_hash
            and checkouts.created_at between sessions.started_at and sessions.ended_at + interval 30 minute
    where checkouts.device_id is not null
    union
    select sessions.session_id
    from sessions
    inner join checkouts
        on
            sessions.source_person_key = checkouts.customer_account
            and checkouts.created_at between sessions.started_at and sessions.ended_at + interval 30 minute
),

session_carts as (
    select
        {{ surrogate_key(["'cart'", 'sessions.session_id']) }} as cart_id,
        sessions.source_system,
        sessions.source_person_key,
        sessions.device_id_hash,
        sessions.session_id,
        case sessions.platform when 'web' then 'web' else 'app' end as sales_channel,
        case when sessions.has_checkout then 'checkout' else 'cart' end as cart_stage,
        sessions.first_cart_at as created_at,
        sessions.last_cart_at as last_activity_at,
        session_values.cart_value,
        sessions.order_id as session_order_id
    from sessions
    left join session_values on sessions.session_id = session_values.session_key
    left join sessions_of_checkouts on sessions.session_id = sessions_of_checkouts.session_id
    where sessions.has_cart and sessions_of_checkouts.session_id is null
),

checkout_carts as (
    select
        {{ surrogate_key(["'checkout'", 'checkouts.checkout_id']) }} as cart_id,
        'shop' as source_system,
        checkouts.source_person_key,
        case when checkouts.device_id is not null then checkouts.device_id_hash end as device_id_hash,
        cast(null as {{ text_type() }}) as session_id,
        checkouts.sales_channel,
        'checkout' as cart_stage,
        checkouts.created_at,
        checkouts.created_at as last_activity_at,
        {{ in_reporting_currency('checkout_values.cart_value', fx_rate('checkouts.currency')) }} as cart_value,
        cast(null as {{ text_type() }}) as session_order_id
    from checkouts
    left join checkout_values on checkouts.checkout_id = checkout_values.checkout_id
),

{% set cart_columns -%}
    cart_id, source_system, source_person_key, device_id_hash, session_id, sales_channel, cart_stage, created_at,
    last_activity_at, cart_value, session_order_id
{%- endset -%}

carts as (
    select {{ cart_columns }} from session_carts
    union all
    select {{ cart_columns }} from checkout_carts
),

-- Which orders may have ended a cart: the one made in its session, one of a record that shares an e-mail, account or
-- card with it, one made from its device.
orders_of_sessions as (
    select
        carts.cart_id,
        orders.order_id,
        orders.ordered_at
    from carts
    inner join orders on carts.session_order_id = orders.order_id
),

orders_of_people as (
    select
        carts.cart_id,
        orders.order_id,
        orders.ordered_at
    from carts
    inner join related_records
        on
            carts.source_system = related_records.source_system
            and carts.source_person_key = related_records.source_person_key
    inner join orders
        on
            related_records.related_source_system = orders.source_system
            and related_records.related_source_person_key = orders.source_person_key
            and orders.ordered_at between carts.created_at and carts.last_activity_at + {{ recovered_within }}
),

orders_of_devices as (
    select
        carts.cart_id,
        orders.order_id,
        orders.ordered_at
    from carts
    inner join sessions on carts.device_id_hash = sessions.device_id_hash
    inner join orders
        on
            sessions.order_id = orders.order_id
            and orders.ordered_at between carts.created_at and carts.last_activity_at + {{ recovered_within }}
),

candidates as (
    select * from orders_of_sessions
    union
    select * from orders_of_people
    union
    select * from orders_of_devices
),

ranked_candidates as (
    select
        *,
        row_number() over (partition by cart_id order by ordered_at, order_id) as order_rank
    from candidates
),

closed_carts as (
    select
        carts.*,
        ranked_candidates.order_id,
        ranked_candidates.ordered_at,
        ranked_candidates.ordered_at <= carts.last_activity_at + {{ abandoned_after }} as is_ordered_in_time,
        carts.last_activity_at + {{ abandoned_after }} <= {{ data_end_at() }} as is_mature
    from carts
    left join ranked_candidates on carts.cart_id = ranked_candidates.cart_id and ranked_candidates.order_rank = 1
),

final as (
    select
        cart_id,
        source_system,
        source_person_key,
        device_id_hash,
        session_id,
        sales_channel,
        cart_stage,
        created_at,
        {{ local_date('created_at') }} as created_date,
        last_activity_at,
        cast(cart_value as {{ money_type() }}) as value,
        case when is_ordered_in_time then false when is_mature then true end as is_abandoned,
        order_id,
        case when not is_ordered_in_time then ordered_at end as recovered_at
    from closed_carts
)

select * from final
