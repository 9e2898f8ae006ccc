with

verbatims as (
    select * from {{ ref('stg_survey__verbatims') }}
),

final as (
    select
        {{ surrogate_key(["'survey_response'", 'invitation_id']) }} as survey_response_id,
        verbatim
    from verbatims
)

select * from final
