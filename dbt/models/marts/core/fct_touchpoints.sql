with

touchpoints as (
    select * from {{ ref('int_touchpoints') }}
),

session_customers as (
    select * from {{ ref('int_session_customers') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        touchpoints.touchpoint_id,
        {{ customer_of_visit() }},
        touchpoints.source_system,
        touchpoints.touched_at,
        touchpoints.touched_date,
        touchpoints.touch_channel,
        touchpoints.campaign_id,
        touchpoints.touch_kind
    from touchpoints
    left join session_customers on touchpoints.session_id = session_customers.session_id
    left join customer_links
        on
            touchpoints.source_system = customer_links.source_system
            and touchpoints.source_person_key = customer_links.source_person_key
)

select * from final
