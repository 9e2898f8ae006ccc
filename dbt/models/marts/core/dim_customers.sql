with

profiles as (
    select * from {{ ref('int_customer_profiles') }}
),

customer_values as (
    select * from {{ ref('customer_value') }}
),

churn as (
    select * from {{ ref('customer_churn') }}
),

personas as (
    select * from {{ ref('customer_segments_monthly') }}
    where month = {{ period_start('month', data_end_date()) }}
),

final as (
    select
        profiles.customer_id,
        profiles.is_known,
        profiles.first_seen_at,
        profiles.is_left_censored,
        profiles.acquisition_channel,
        profiles.preferred_channel,
        profiles.top_category,
        profiles.region,
        profiles.birth_year,
        profiles.gender,
        profiles.loyalty_tier,
        profiles.consents,
        profiles.has_email_consent,
        profiles.has_sms_consent,
        profiles.has_phone_consent,
        profiles.has_push_consent,
        profiles.has_postal_consent,
        profiles.has_profiling_consent,
        profiles.has_cookies_consent,
        profiles.has_open_tracking_consent,
        profiles.sales_channels_used,
        profiles.touch_channels_used,
        profiles.omnichannel_level,
        profiles.is_omnichannel,
        profiles.is_active,
        profiles.orders,
        profiles.net_revenue,
        profiles.first_order_at,
        profiles.last_order_at,
        profiles.rfm_segment as segments,
        personas.persona_name as persona,
        customer_values.clv_12m as clv,
        churn.churn_probability,
        profiles.last_nps,
        profiles.last_csat
    from profiles
    left join customer_values
        on profiles.customer_id = customer_values.customer_id
    left join churn
        on profiles.customer_id = churn.customer_id
    left join personas
        on profiles.customer_id = personas.customer_id
)

select * from final
