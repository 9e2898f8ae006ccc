{{ config(materialized='view', schema='restricted') }}

-- An invitation comes again once it is answered. Verbatims stay in the restricted schema.
with

source as (
    select
        *,
        {{ delivery_rank(['invitation_id']) }} as version_rank,
        min(_arrival_date) over (partition by invitation_id) as first_seen_date
    from {{ source('raw', 'survey_responses') }}
)

select * from source where version_rank = 1
