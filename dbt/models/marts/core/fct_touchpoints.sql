with

touchpoints as (
    select * from {{ ref('int_touchpoints') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        touchpoints.touchpoint_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        touchpoints.source_system,
        touchpoints.touched_at,
        touchpoints.touched_date,
        touchpoints.touch_channel,
        touchpoints.campaign_id,
        touchpoints.touch_kind
    from touchpoints
    left join customer_links
        on
            touchpoints.source_system = customer_links.source_system
            and touchpoints.source_person_key = customer_links.source_person_key
)

select * from final
