with

survey_responses as (
    select * from {{ ref('int_survey_responses') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        survey_responses.survey_response_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        survey_responses.source_system,
        survey_responses.survey,
        survey_responses.survey_type,
        survey_responses.interaction_type,
        survey_responses.channel_role,
        survey_responses.channel,
        survey_responses.store_code,
        survey_responses.ticket_id,
        survey_responses.order_id,
        survey_responses.language,
        survey_responses.invited_at,
        survey_responses.invited_date,
        survey_responses.responded_at,
        survey_responses.responded_date,
        survey_responses.is_answered,
        cast(case when survey_responses.is_answered then survey_responses.score end as bigint) as score,
        survey_responses.channel_from,
        survey_responses.channel_to,
        survey_responses.has_repeated_information,
        survey_responses.has_verbatim
    from survey_responses
    left join customer_links
        on
            survey_responses.source_system = customer_links.source_system
            and survey_responses.source_person_key = customer_links.source_person_key
)

select * from final
