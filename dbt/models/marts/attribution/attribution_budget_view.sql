with

channels as (
    select * from {{ ref('attribution_by_channel') }}
    where
        period in ('quarter', 'year')
        and spend > 0
        and touch_channel <> 'unattributed'
),

shared as (
    select
        *,
        cast(spend as double) / cast(sum(spend) over (partition by period, period_start, model) as double)
            as spend_share,
        -- Doubles sum to other last digits in another order.
        round(conversions / nullif(sum(conversions) over (partition by period, period_start, model), 0), 9)
            as conversion_share,
        round(revenue / nullif(sum(revenue) over (partition by period, period_start, model), 0), 9) as revenue_share
    from channels
),

final as (
    select
        period,
        period_start,
        touch_channel,
        model,
        conversions,
        revenue,
        spend,
        cost_per_order,
        spend_share,
        conversion_share,
        revenue_share,
        conversion_share / spend_share as budget_index,
        is_complete,
        is_reliable
    from shared
)

select * from final
