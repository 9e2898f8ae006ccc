with

evaluations as (
    select * from {{ source('analytics', 'model_evaluations') }}
),

final as (
    select
        cast(model as {{ text_type() }}) as model,
        cast(metric as {{ text_type() }}) as metric,
        cast(frequency_band as {{ text_type() }}) as frequency_band,
        value,
        standard_error,
        cast(baseline as {{ text_type() }}) as baseline,
        baseline_value,
        difference,
        difference_standard_error,
        held_out_from,
        held_out_until,
        n,
        cast(served as {{ text_type() }}) as served,
        cast(evaluated_at as timestamp) as evaluated_at
    from evaluations
)

select * from final
