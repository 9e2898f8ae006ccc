{{ by_month('web_events') }}

-- What one month's deliveries say of a session; one that crosses the end of a month has two rows.
with

events as (
    select * from {{ ref('stg_web__events') }}
    where {{ in_changed_months('web_events') }}
),

-- The first event that names a source tells the channel.
ranked_sources as (
    select
        *,
        row_number() over (
            partition by session_key, ds_month
            order by occurred_at, traffic_source, traffic_medium, campaign_id, gclid
        ) as source_rank
    from events
    where coalesce(traffic_source, traffic_medium, gclid) is not null
),

sources as (
    select
        session_key,
        ds_month,
        occurred_at as sourced_at,
        traffic_source,
        traffic_medium,
        campaign_id,
        gclid
    from ranked_sources
    where source_rank = 1
),

sessions as (
    select
        session_key,
        ds_month,
        min(device_id) as device_id,
        {{ array_agg_distinct('user_id') }} as user_ids,
        max(case when analytics_storage = 'Yes' then 1 else 0 end) = 1 as has_cookies_granted,
        max(case when analytics_storage = 'No' then 1 else 0 end) = 1 as has_cookies_denied,
        min(platform) as platform,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        min(arrival_date) as first_seen_date,
        count(case when event_name = 'page_view' then 1 end) as page_views,
        count(case when event_name = 'add_to_cart' then 1 end) > 0 as has_cart,
        count(case when event_name = 'begin_checkout' then 1 end) > 0 as has_checkout,
        count(case when event_name = 'purchase' then 1 end) > 0 as has_purchase,
        count(case when event_name = 'sign_up' then 1 end) > 0 as has_sign_up,
        min(case when event_name = 'add_to_cart' then occurred_at end) as first_cart_at,
        max(case when event_name in ('add_to_cart', 'begin_checkout') then occurred_at end) as last_cart_at,
        max(case when event_name = 'purchase' then order_name end) as order_name
    from events
    group by session_key, ds_month
),

final as (
    select
        sessions.session_key,
        sessions.device_id,
        sessions.user_ids,
        sessions.has_cookies_granted,
        sessions.has_cookies_denied,
        sessions.platform,
        sessions.started_at,
        sessions.ended_at,
        sessions.first_seen_date,
        sources.sourced_at,
        sources.traffic_source,
        sources.traffic_medium,
        sources.campaign_id,
        sources.gclid,
        sessions.page_views,
        sessions.has_cart,
        sessions.has_checkout,
        sessions.has_purchase,
        sessions.has_sign_up,
        sessions.first_cart_at,
        sessions.last_cart_at,
        sessions.order_name,
        sessions.ds_month
    from sessions
    left join sources on sessions.session_key = sources.session_key and sessions.ds_month = sources.ds_month
)

select * from final
