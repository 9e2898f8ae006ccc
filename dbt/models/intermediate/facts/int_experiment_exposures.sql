with

exposures as (
    select * from {{ ref('stg_experiments__exposures') }}
),

final as (
    select
        {{ surrogate_key(["'exposure'", 'experiment_id', 'unit_type', 'unit_id', 'variant']) }} as exposure_id,
        case unit_type when 'email' then 'messaging' else 'web' end as source_system,
        case unit_type when 'email' then {{ person_key(email='unit_id') }} else unit_id end as source_person_key,
        experiment_id,
        variant,
        min(exposed_at) as first_exposed_at
    from exposures
    group by experiment_id, unit_type, unit_id, variant
)

select * from final
