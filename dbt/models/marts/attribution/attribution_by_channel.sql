{{ attribution_by_period(['touch_channel']) }},

weights as (
    select * from {{ source('analytics', 'attribution_weights') }}
),

-- Markov's own total of a period: its orders with a touch, shared out by the removal effects of the channels in them.
weighed as (
    select
        by_period.*,
        case
            when by_period.model = 'markov' and by_period.conversions > 0
                then cast(coalesce(weights.weight, 0) as decimal(18, 15))
            else 0
        end as weight
    from by_period
    left join weights
        on
            by_period.touch_channel = weights.touch_channel
            and by_period.model = weights.model
),

attributed as (
    select
        *,
        sum(weight) over (partition by period, period_start, model) as all_weights,
        sum(case when touch_channel = 'unattributed' then 0 else cast(conversions as decimal(28, 9)) end) over (
            partition by period, period_start, model
        ) as touched_conversions
    from weighed
),

final as (
    select
        period,
        period_start,
        touch_channel,
        model,
        conversions,
        case
            when touch_channel = 'unattributed' or all_weights = 0 then conversions
            else cast(weight as double) / cast(all_weights as double) * cast(touched_conversions as double)
        end as conversions_model,
        new_customers,
        net_revenue as revenue,
        spend,
        cast(spend as double) / nullif(conversions, 0) as cost_per_order,
        net_revenue / nullif(cast(spend as double), 0) as roas,
        is_complete,
        conversions >= {{ var('reliability')['min_n'] }} as is_reliable
    from attributed
)

select * from final
