-- A unit seen in two variants keeps a row in each: who was in both arms is counted downstream, not hidden here.
with

source as (
    select
        *,
        {{ delivery_rank(['experiment_id', 'unit_type', 'unit_id', 'variant', 'exposed_at']) }} as version_rank
    from {{ source('raw', 'experiments') }}
),

final as (
    select
        experiment_id,
        {{ clean_text('experiment_name') }} as experiment_name,
        unit_type,
        {{ clean_text('unit_id') }} as unit_id,
        variant,
        exposed_at,
        _arrival_date as arrival_date
    from source
    where version_rank = 1
)

select * from final
