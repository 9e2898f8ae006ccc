{%- set min_n = var('reliability')['min_n'] -%}

with

survey_responses as (
    select * from {{ ref('fct_survey_responses') }}
    where survey = 'csat'
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

segments as (
    select * from {{ ref('customer_segments_monthly') }}
),

invitations as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        survey_responses.survey_type,
        coalesce(survey_responses.interaction_type, 'none') as interaction_type,
        coalesce(survey_responses.channel_role, 'none') as channel_role,
        coalesce(survey_responses.channel, 'none') as channel,
        coalesce(survey_responses.store_code, 'none') as store,
        case
            when survey_responses.customer_id = 'unknown' then 'unknown'
            else coalesce(segments.omnichannel_level, 'none')
        end as segment,
        case when survey_responses.customer_id = 'unknown' then 0 else 1 end as is_identified,
        survey_responses.score
    from survey_responses
    inner join date_periods
        on survey_responses.invited_date = date_periods.date_day
    left join segments
        on
            survey_responses.customer_id = segments.customer_id
            and date_periods.segments_as_of = segments.as_of_date
),

counted as (
    select
        period,
        period_start,
        is_complete,
        survey_type,
        interaction_type,
        channel_role,
        channel,
        store,
        segment,
        count(*) as invited,
        sum(is_identified) as identified_invited,
        count(score) as responses,
        sum(case when score >= 4 then 1 else 0 end) as satisfied
    from invitations
    group by
        period, period_start, is_complete, survey_type, interaction_type, channel_role, channel, store, segment
),

-- Adjusted Wald of a share: four imaginary answers, two of them satisfied.
adjusted as (
    select
        *,
        (satisfied + 2e0) / (responses + 4) as centre
    from counted
),

bounded as (
    select
        *,
        1.96e0 * sqrt(centre * (1 - centre) / (responses + 4)) as half_width
    from adjusted
),

final as (
    select
        period,
        period_start,
        survey_type,
        interaction_type,
        channel_role,
        channel,
        store,
        segment,
        cast(invited as bigint) as invited,
        cast(identified_invited as bigint) as identified_invited,
        cast(responses as bigint) as responses,
        cast(satisfied as bigint) as satisfied,
        cast(identified_invited as double) / invited as identified_share,
        cast(responses as double) / invited as response_rate,
        case when responses > 0 then round(greatest(centre - half_width, 0e0), 4) end as csat_low,
        case when responses > 0 then round(least(centre + half_width, 1e0), 4) end as csat_high,
        case when responses > 0 then cast(satisfied as double) / responses end as csat,
        is_complete,
        responses >= {{ min_n }} as is_reliable
    from bounded
)

select * from final
