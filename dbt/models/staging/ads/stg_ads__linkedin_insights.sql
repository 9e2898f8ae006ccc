with

source as (
    select
        *,
        {{ delivery_rank(['day', 'campaign_id']) }} as version_rank
    from {{ source('raw', 'linkedin_ads_insights') }}
),

final as (
    select
        day as spend_date,
        campaign_id,
        campaign as campaign_name,
        {{ clean_text('currency') }} as currency,
        cast(cost as {{ money_type() }}) as cost,
        impressions,
        clicks,
        conversions as claimed_conversions,
        cast(null as {{ money_type() }}) as claimed_revenue
    from source
    where version_rank = 1
)

select * from final
