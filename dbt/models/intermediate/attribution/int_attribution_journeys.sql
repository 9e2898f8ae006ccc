with

touches as (
    select * from {{ ref('int_attribution_touches') }}
),

final as (
    select
        path_id,
        max(order_id) as order_id,
        count(*) as touches,
        min(touched_at) as first_touched_at,
        max(touched_at) as last_touched_at,
        sum(decayed) as decayed,
        {{ ordered_listagg('touch_channel', 'position', ' > ') }} as path
    from touches
    group by path_id
)

select * from final
