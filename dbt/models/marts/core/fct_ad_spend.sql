with

ad_spend as (
    select * from {{ ref('int_ad_spend') }}
),

final as (
    select
        ad_spend_id,
        spend_date,
        platform,
        touch_channel,
        campaign_id,
        spend_purpose,
        cast(cost as {{ money_type() }}) as cost,
        cast(impressions as bigint) as impressions,
        cast(clicks as bigint) as clicks,
        cast(claimed_conversions as {{ money_type() }}) as claimed_conversions,
        cast(claimed_revenue as {{ money_type() }}) as claimed_revenue
    from ad_spend
)

select * from final
