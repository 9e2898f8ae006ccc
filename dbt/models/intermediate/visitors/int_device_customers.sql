-- Whom a device has seen: who logged in on it, ordered from it, or left a checkout on it. It is asked of customers, not
-- of accounts: two accounts of one customer make no shared device.
with

sessions as (
    select * from {{ ref('int_sessions') }}
    where device_id_hash is not null
),

orders as (
    select * from {{ ref('int_orders') }}
),

carts as (
    select * from {{ ref('int_carts') }}
    where device_id_hash is not null
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

records_seen as (
    select
        sessions.device_id_hash,
        sessions.source_system,
        login.source_person_key
    from sessions
    {{ unnest('sessions.source_person_keys', 'login', 'source_person_key') }}
    union
    select
        sessions.device_id_hash,
        orders.source_system,
        orders.source_person_key
    from sessions
    inner join orders on sessions.order_id = orders.order_id
    union
    select
        device_id_hash,
        source_system,
        source_person_key
    from carts
),

customers_seen as (
    select distinct
        records_seen.device_id_hash,
        customer_links.customer_id
    from records_seen
    inner join customer_links
        on
            records_seen.source_system = customer_links.source_system
            and records_seen.source_person_key = customer_links.source_person_key
),

counted as (
    select
        *,
        count(*) over (partition by device_id_hash) as customers_on_device
    from customers_seen
),

final as (
    select
        device_id_hash,
        customer_id,
        max(customers_on_device) over (partition by customer_id) > 1 as is_sharing
    from counted
)

select * from final
