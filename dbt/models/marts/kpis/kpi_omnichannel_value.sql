with

strata as (
    select * from {{ ref('int_landmark_strata') }}
),

effects as (
    select * from {{ source('analytics', 'omnichannel_effects') }}
),

date_periods as (
    select distinct
        period,
        period_start,
        is_complete
    from {{ ref('bridge_date_periods') }}
),

counted as (
    select
        period,
        period_start,
        measure,
        sum(case when is_omnichannel then customers else 0 end) as omnichannel_customers,
        sum(case when is_omnichannel then 0 else customers end) as other_customers,
        sum(case when is_omnichannel then total else 0 end) as omnichannel_total,
        sum(case when is_omnichannel then 0 else total end) as other_total
    from strata
    group by period, period_start, measure
),

final as (
    select
        counted.period,
        counted.period_start,
        counted.measure,
        cast(counted.omnichannel_customers as bigint) as omnichannel_customers,
        cast(counted.other_customers as bigint) as other_customers,
        cast(effects.matched_customers as bigint) as matched_customers,
        cast(effects.matched_others as bigint) as matched_others,
        cast(counted.omnichannel_total as double) / nullif(counted.omnichannel_customers, 0) as omnichannel_mean,
        cast(counted.other_total as double) / nullif(counted.other_customers, 0) as other_mean,
        effects.raw_low as raw_difference_low,
        effects.raw_high as raw_difference_high,
        effects.raw as raw_difference,
        effects.adjusted_low as adjusted_difference_low,
        effects.adjusted_high as adjusted_difference_high,
        effects.adjusted as adjusted_difference,
        date_periods.is_complete,
        least(effects.matched_customers, effects.matched_others) >= {{ var('reliability')['min_n'] }} as is_reliable
    from counted
    inner join date_periods
        on
            counted.period = date_periods.period
            and counted.period_start = date_periods.period_start
    left join effects
        on
            counted.period = effects.period
            and counted.period_start = effects.period_start
            and counted.measure = effects.measure
)

select * from final
