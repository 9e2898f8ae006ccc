with

channels as (
    select * from {{ ref('int_channel_periods') }}
),

final as (
    select
        period,
        period_start,
        touch_channel,
        attribution_model,
        interactions,
        orders,
        cast(spend + allocated_cost as {{ money_type() }}) as cost,
        net_revenue as revenue,
        margin,
        case
            when is_attributable and spend + allocated_cost > 0
                then (margin - cast(spend + allocated_cost as double)) / cast(spend + allocated_cost as double)
        end as roi,
        is_complete,
        orders >= {{ var('reliability')['min_n'] }} as is_reliable
    from channels
)

select * from final
