with

run_info as (
    select * from {{ source('pipeline', 'run_info') }}
),

final as (
    select
        cast(release_id as {{ text_type() }}) as release_id,
        cast(built_at as timestamp) as built_at,
        cast(as_of as date) as as_of,
        cast(data_through as date) as data_through,
        cast(code_version as {{ text_type() }}) as code_version,
        cast(engine as {{ text_type() }}) as engine,
        cast(settings_json as {{ text_type() }}) as settings,
        cast(models_json as {{ text_type() }}) as model_parameters,
        cast(input_digest as {{ text_type() }}) as input_digest
    from run_info
)

select * from final
