with

source as (
    select
        *,
        {{ delivery_rank(['relaunch_id']) }} as version_rank
    from {{ source('raw', 'cart_relaunches') }}
),

final as (
    select
        relaunch_id,
        experiment_id,
        checkout_id,
        channel,
        variant,
        enrolled_at,
        sent_at,
        opened_at,
        clicked_at
    from source
    where version_rank = 1
)

select * from final
