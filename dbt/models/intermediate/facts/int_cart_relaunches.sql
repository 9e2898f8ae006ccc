-- The tool names a checkout; whose cart it is the shop's export says.
with

relaunches as (
    select * from {{ ref('stg_relaunches__relaunches') }}
),

carts as (
    select
        cart_id,
        source_system,
        source_person_key
    from {{ ref('int_carts') }}
),

final as (
    select
        {{ surrogate_key(["'relaunch'", 'relaunches.relaunch_id']) }} as relaunch_id,
        coalesce(carts.source_system, 'shop') as source_system,
        carts.source_person_key,
        carts.cart_id,
        relaunches.experiment_id,
        relaunches.channel,
        relaunches.variant,
        relaunches.variant = 'temoin' as is_held_out,
        relaunches.enrolled_at,
        {{ local_date('relaunches.enrolled_at') }} as enrolled_date,
        relaunches.sent_at,
        relaunches.opened_at,
        relaunches.clicked_at
    from relaunches
    left join carts on {{ surrogate_key(["'checkout'", 'relaunches.checkout_id']) }} = carts.cart_id
)

select * from final
