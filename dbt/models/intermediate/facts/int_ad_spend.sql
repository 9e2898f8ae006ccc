{%- set insight_columns -%}
    spend_date, campaign_id, campaign_name, currency, cost, impressions, clicks, claimed_conversions, claimed_revenue
{%- endset -%}

with

-- One line per platform.
insights as (
    select
        'google_ads' as platform,
        case when lower(campaign_type) = 'display' then 'display' else 'paid_search' end as touch_channel,
        {{ insight_columns }}
    from {{ ref('stg_ads__google_insights') }}
    union all
    select 'meta_ads' as platform, 'paid_social' as touch_channel, {{ insight_columns }}
    from {{ ref('stg_ads__meta_insights') }}
    union all
    select 'linkedin_ads' as platform, 'paid_social' as touch_channel, {{ insight_columns }}
    from {{ ref('stg_ads__linkedin_insights') }}
),

final as (
    select
        {{ surrogate_key(["'ad_spend'", 'platform', 'spend_date', 'campaign_id']) }} as ad_spend_id,
        spend_date,
        platform,
        touch_channel,
        campaign_id,
        {{ spend_purpose('campaign_name') }} as spend_purpose,
        {{ in_reporting_currency('cost', fx_rate('currency')) }} as cost,
        impressions,
        clicks,
        claimed_conversions,
        {{ in_reporting_currency('claimed_revenue', fx_rate('currency')) }} as claimed_revenue
    from insights
)

select * from final
