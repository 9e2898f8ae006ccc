with

results as (
    select * from {{ ref('int_experiment_results') }}
),

effects as (
    select * from {{ source('analytics', 'experiment_effects') }}
),

final as (
    select
        results.experiment_id,
        results.variant,
        results.is_control,
        results.first_exposed_date,
        results.last_exposed_date,
        results.planned_units,
        results.assigned,
        results.unidentified,
        results.in_both_arms,
        results.exposed,
        results.people,
        results.converted,
        results.orders,
        results.revenue,
        cast(results.assigned - results.unidentified as double) / nullif(results.assigned, 0) as identified_share,
        effects.sample_ratio_p,
        cast(results.converted as double) / nullif(results.people, 0) as conversion_rate,
        cast(results.revenue as double) / nullif(results.people, 0) as revenue_per_unit,
        effects.lift_low,
        effects.lift_high,
        effects.lift,
        effects.relative_lift_low,
        effects.relative_lift_high,
        effects.relative_lift,
        effects.revenue_lift_low,
        effects.revenue_lift_high,
        effects.revenue_lift,
        effects.p_value,
        {{ matures_at('results.last_exposed_date', var('experiments')['conversion_days']) }} as matures_at,
        results.people >= {{ var('reliability')['min_n'] }} as is_reliable
    from results
    left join effects
        on
            results.experiment_id = effects.experiment_id
            and results.variant = effects.variant
)

select * from final
