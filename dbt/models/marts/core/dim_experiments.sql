with

plans as (
    select * from {{ ref('stg_experiments__plans') }}
),

exposures as (
    select * from {{ ref('fct_experiment_exposures') }}
),

-- An experiment that runs without a plan is still an experiment.
experiments as (
    select experiment_id from plans
    union
    select experiment_id from exposures
),

final as (
    select
        experiments.experiment_id,
        plans.experiment_name,
        plans.hypothesis,
        plans.unit_type,
        plans.control_variant,
        plans.treatment_variant,
        cast(plans.planned_units as bigint) as planned_units,
        plans.starts_at,
        plans.ends_at
    from experiments
    left join plans on experiments.experiment_id = plans.experiment_id
)

select * from final
