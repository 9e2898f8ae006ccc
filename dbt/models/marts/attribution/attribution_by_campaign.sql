{{ attribution_by_period(['touch_channel', 'campaign_id']) }},

final as (
    select
        period,
        period_start,
        touch_channel,
        campaign_id,
        model,
        conversions,
        new_customers,
        net_revenue as revenue,
        spend,
        cast(spend as double) / nullif(conversions, 0) as cost_per_order,
        net_revenue / nullif(cast(spend as double), 0) as roas,
        is_complete,
        conversions >= {{ var('reliability')['min_n'] }} as is_reliable
    from by_period
)

select * from final
