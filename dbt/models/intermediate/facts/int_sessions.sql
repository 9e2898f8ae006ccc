with

session_months as (
    select * from {{ ref('int_sessions_by_month') }}
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
            order by sourced_at, traffic_source, traffic_medium, campaign_id, gclid
        ) as source_rank
    from session_months
    where sourced_at is not null
),

sources as (
    select
        session_key,
        {{ touch_channel('traffic_source', 'traffic_medium', 'gclid') }} as touch_channel,
        campaign_id
    from ranked_sources
    where source_rank = 1
),

sessions as (
    select
        session_key,
        min(device_id) as device_id,
        {{ array_union_agg('user_ids') }} as user_ids,
        max(case when has_cookies_granted then 1 else 0 end) = 1 as has_cookies_granted,
        max(case when has_cookies_denied then 1 else 0 end) = 1 as has_cookies_denied,
        min(platform) as platform,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        min(first_seen_date) as first_seen_date,
        cast(sum(page_views) as bigint) as page_views,
        max(case when has_cart then 1 else 0 end) = 1 as has_cart,
        max(case when has_checkout then 1 else 0 end) = 1 as has_checkout,
        max(case when has_purchase then 1 else 0 end) = 1 as has_purchase,
        max(case when has_sign_up then 1 else 0 end) = 1 as has_sign_up,
        min(first_cart_at) as first_cart_at,
        max(last_cart_at) as last_cart_at,
        max(order_name) as order_name
    from session_months
    group by session_key
),

final as (
    select
        sessions.session_key as session_id,
        'web' as source_system,
        -- Two accounts in one session (a shared tablet): no single record tells whose visit it was.
        case when {{ array_size('sessions.user_ids') }} = 1 then {{ array_first('sessions.user_ids') }} end
            as source_person_key,
        sessions.user_ids as source_person_keys,
        case
            when sessions.device_id is not null then {{ surrogate_key(["'device'", 'sessions.device_id']) }}
        end as device_id_hash,
        case
            when sessions.has_cookies_denied then false
            when sessions.has_cookies_granted then true
        end as has_cookie_consent,
        sessions.platform,
        sessions.started_at,
        sessions.ended_at,
        sessions.first_seen_date,
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
