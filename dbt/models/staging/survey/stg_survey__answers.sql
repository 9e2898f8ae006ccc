{{ config(materialized='view') }}

-- Every answer as it was given, those that a later one replaced included.
with

source as (
    select
        *,
        row_number() over (
            partition by invitation_id, responded_at
            order by ds desc, _arrival_date desc, delivery desc, _line desc
        ) as version_rank,
        min(_arrival_date) over (partition by invitation_id, responded_at) as first_seen_date
    from {{ source('raw', 'survey_responses') }}
    where
        responded_at is not null
        and score is not null
),

final as (
    select
        invitation_id,
        survey,
        {{ person_key(email=clean_text('lower(email)')) }} as source_person_key,
        responded_at,
        score,
        first_seen_date
    from source
    where version_rank = 1
)

select * from final
