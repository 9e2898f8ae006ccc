with

run_info as (
    select * from {{ source('pipeline', 'run_info') }}
),

model_parameters as (
    select * from {{ source('analytics', 'model_parameters') }}
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
        cast(model_parameters.model_parameters as {{ text_type() }}) as model_parameters,
        cast(input_digest as {{ text_type() }}) as input_digest
    from run_info
    cross join model_parameters
)

select * from final
