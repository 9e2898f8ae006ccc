with

exposures as (
    select * from {{ ref('int_experiment_exposures') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        exposures.exposure_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        exposures.source_system,
        exposures.experiment_id,
        exposures.variant,
        exposures.first_exposed_at,
        {{ local_date('exposures.first_exposed_at') }} as first_exposed_date
    from exposures
    left join customer_links
        on
            exposures.source_system = customer_links.source_system
            and exposures.source_person_key = customer_links.source_person_key
)

select * from final
