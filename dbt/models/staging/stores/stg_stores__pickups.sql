-- A pick-up comes again, whole, in the week it ended.
with

source as (
    select
        *,
        {{ delivery_rank(['pickup_id']) }} as version_rank
    from {{ source('raw', 'store_pickups') }}
),

final as (
    select
        pickup_id,
        order_reference,
        store_code,
        status,
        prepared_at,
        picked_up_at,
        put_back_at
    from source
    where version_rank = 1
)

select * from final
