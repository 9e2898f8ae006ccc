with

events as (
    select * from {{ ref('stg_web__events') }}
),

orders as (
    select * from {{ ref('int_orders') }}
),

-- The channel is that of the first event that names a source; with none, the visit was direct.
ranked_sources as (
    select
        *,
        row_number() over (
            partition by session_key
            order by occurred_at, traffic_source, traffic_medium, campaign_id, gclid
        ) as source_rank
    from events
    where coalesce(traffic_source, traffic_medium, gclid) is not null
),

sources as (
    select
        session_key,
        {{ touch_channel('traffic_source', 'traffic_medium', 'gclid') }} as touch_channel,
        campaign_id
    from ranked_sources
    where source_rank = 1
),

-- Two accounts in one session (a shared tablet): nobody can say whose visit it was.
sessions as (
    select
        session_key,
        min(device_id) as device_id,
        case when count(distinct user_id) = 1 then max(user_id) end as source_person_key,
        min(platform) as platform,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        count(case when event_name = 'page_view' then 1 end) as page_views,
        count(case when event_name = 'add_to_cart' then 1 end) > 0 as has_cart,
        count(case when event_name = 'begin_checkout' then 1 end) > 0 as has_checkout,
        count(case when event_name = 'purchase' then 1 end) > 0 as has_purchase,
        count(case when event_name = 'sign_up' then 1 end) > 0 as has_sign_up,
        min(case when event_name = 'add_to_cart' then occurred_at end) as first_cart_at,
        max(case when event_name in ('add_to_cart', 'begin_checkout') then occurred_at end) as last_cart_at,
        max(case when event_name = 'purchase' then order_name end) as order_name
    from events
    group by session_key
),

final as (
    select
        sessions.session_key as session_id,
        'web' as source_system,
        sessions.source_person_key,
        {{ surrogate_key(["'device'", 'sessions.device_id']) }} as device_id_hash,
        sessions.platform,
        sessions.started_at,
        sessions.ended_at,
        {{ local_date('sessions.started_at') }} as started_date,
        coalesce(sources.touch_channel, 'direct') as touch_channel,
        sources.campaign_id,
        sessions.page_views,
        sessions.has_cart,
        sessions.has_checkout,
        sessions.has_purchase,
        sessions.has_sign_up,
        sessions.has_purchase and coalesce(sources.touch_channel, 'direct') = 'direct' as is_landing_purchase,
        orders.order_id,
        sessions.first_cart_at,
        sessions.last_cart_at
    from sessions
    left join sources on sessions.session_key = sources.session_key
    left join orders on {{ order_key('sessions.order_name') }} = orders.order_id
)

select * from final
