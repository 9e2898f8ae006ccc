with

sessions as (
    select * from {{ ref('int_sessions') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        sessions.session_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        sessions.source_system,
        sessions.platform,
        sessions.started_at,
        sessions.ended_at,
        sessions.started_date,
        sessions.touch_channel,
        sessions.campaign_id,
        cast(sessions.page_views as bigint) as page_views,
        sessions.has_cart,
        sessions.has_checkout,
        sessions.has_purchase,
        sessions.has_sign_up,
        sessions.is_landing_purchase,
        sessions.order_id
    from sessions
    left join customer_links
        on
            sessions.source_system = customer_links.source_system
            and sessions.source_person_key = customer_links.source_person_key
)

select * from final
