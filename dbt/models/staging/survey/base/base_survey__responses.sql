{{ config(materialized='view', schema='restricted') }}

-- An invitation comes again once it is answered, and may be answered again: its last answer counts, whatever the order
-- of deliveries, and of one answer the latest version. Verbatims stay in the restricted schema.
with

source as (
    select
        *,
        row_number() over (
            partition by invitation_id
            order by responded_at desc nulls last, ds desc, _arrival_date desc, delivery desc, _line desc
        ) as version_rank,
        min(_arrival_date) over (partition by invitation_id) as first_seen_date
    from {{ source('raw', 'survey_responses') }}
)

select * from source where version_rank = 1
