with

sessions as (
    select * from {{ ref('int_sessions') }}
),

session_customers as (
    select * from {{ ref('int_session_customers') }}
),

final as (
    select
        sessions.session_id,
        session_customers.customer_id,
        session_customers.customer_link,
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
    inner join session_customers on sessions.session_id = session_customers.session_id
)

select * from final
