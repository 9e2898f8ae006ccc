{{ config(materialized='view', schema='restricted') }}

with

responses as (
    select * from {{ ref('base_survey__responses') }}
),

final as (
    select
        invitation_id,
        {{ clean_text('verbatim') }} as verbatim
    from responses
    where {{ clean_text('verbatim') }} is not null
)

select * from final
