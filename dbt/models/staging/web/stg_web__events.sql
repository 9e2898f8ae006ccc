{{ by_month('web_events') }}

-- GA4 gives its events no key, so a repeated event stays; a file delivered again replaces its folder in the lake.
with

source as (
    select * from {{ source('raw', 'web_events') }}
    where {{ in_changed_months('web_events') }}
),

unpacked as (
    select
        user_pseudo_id as device_id,
        coalesce(
            cast({{ event_param('event_params', 'ga_session_id', 'int_value') }} as {{ text_type() }}),
            'day ' || event_date
        ) as device_session,
        event_name,
        {{ epoch_micros_to_timestamp('event_timestamp') }} as occurred_at,
        {{ clean_text('user_id') }} as user_id,
        lower(platform) as platform,
        {{ clean_text('collected_traffic_source.manual_source') }} as traffic_source,
        {{ clean_text('collected_traffic_source.manual_medium') }} as traffic_medium,
        {{ clean_text('collected_traffic_source.manual_campaign_id') }} as campaign_id,
        {{ clean_text('collected_traffic_source.gclid') }} as gclid,
        {{ clean_text('ecommerce.transaction_id') }} as order_name,
        privacy_info.analytics_storage,
        case when event_name = 'add_to_cart' then items end as cart_items,
        _arrival_date as arrival_date,
        ds_month
    from source
),

final as (
    select
        {{ surrogate_key(['device_id', 'device_session']) }} as session_key,
        *
    from unpacked
)

select * from final
