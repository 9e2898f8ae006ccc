with

ad_spend as (
    select * from {{ ref('fct_ad_spend') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        ad_spend.platform,
        ad_spend.touch_channel,
        ad_spend.campaign_id,
        ad_spend.spend_purpose,
        sum(ad_spend.impressions) as impressions,
        sum(ad_spend.clicks) as clicks,
        sum(ad_spend.cost) as spend
    from ad_spend
    inner join date_periods
        on ad_spend.spend_date = date_periods.date_day
    group by
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        ad_spend.platform,
        ad_spend.touch_channel,
        ad_spend.campaign_id,
        ad_spend.spend_purpose
),

final as (
    select
        period,
        period_start,
        platform,
        touch_channel,
        campaign_id,
        spend_purpose,
        cast(clicks as bigint) as clicks,
        cast(impressions as bigint) as impressions,
        cast(spend as {{ money_type() }}) as spend,
        case when impressions > 0 then 1000e0 * cast(spend as double) / impressions end as cpm,
        case when clicks > 0 then cast(spend as double) / clicks end as cpc,
        case when impressions > 0 and clicks <= impressions then cast(clicks as double) / impressions end as ctr,
        is_complete,
        coalesce(clicks >= {{ var('reliability')['min_n'] }}, false) as is_reliable
    from counted
)

select * from final
