with

source as (
    select
        *,
        {{ delivery_rank(['experiment_id']) }} as version_rank
    from {{ source('raw', 'experiment_plans') }}
),

final as (
    select
        experiment_id,
        {{ clean_text('experiment_name') }} as experiment_name,
        {{ clean_text('hypothesis') }} as hypothesis,
        unit_type,
        control as control_variant,
        treatment as treatment_variant,
        planned_units,
        starts_at,
        ends_at
    from source
    where version_rank = 1
)

select * from final
