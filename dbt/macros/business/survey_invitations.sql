{#- Every invitation to a survey, once for each period its day lies in, with the state of the customer at the period's
    start: what the KPIs of answers count. -#}
{% macro survey_invitations(survey) -%}
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        survey_responses.survey_type,
        coalesce(survey_responses.interaction_type, 'none') as interaction_type,
        coalesce(survey_responses.channel_role, 'none') as channel_role,
        coalesce(survey_responses.channel, 'none') as channel,
        coalesce(survey_responses.store_code, 'none') as store,
        coalesce(survey_responses.channel_from, 'none') as channel_from,
        coalesce(survey_responses.channel_to, 'none') as channel_to,
        case
            when survey_responses.customer_id = 'unknown' then 'unknown'
            else coalesce(segments.omnichannel_level, 'none')
        end as segment,
        case when survey_responses.customer_id = 'unknown' then 0 else 1 end as is_identified,
        survey_responses.score,
        survey_responses.has_repeated_information
    from {{ ref('fct_survey_responses') }} as survey_responses
    inner join {{ ref('bridge_date_periods') }} as date_periods
        on survey_responses.invited_date = date_periods.date_day
    left join {{ ref('int_customer_segments') }} as segments
        on
            survey_responses.customer_id = segments.customer_id
            and date_periods.segments_as_of = segments.as_of_date
    where survey_responses.survey = '{{ survey }}'
{%- endmacro %}
