{%- set gap_days = var('windows')['journey_gap_days'] -%}
{%- set path_steps = var('windows')['journey_path_steps'] -%}

with

journeys as (
    select * from {{ ref('fct_journeys') }}
),

journey_events as (
    select * from {{ ref('int_journey_events') }}
),

survey_responses as (
    select * from {{ ref('fct_survey_responses') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

touches as (
    select
        journey_id,
        event_number,
        touch_channel,
        lag(touch_channel) over (partition by journey_id order by event_number) as previous_channel
    from journey_events
    where touch_channel is not null
),

-- Three e-mails in a row are one step.
steps as (
    select
        journey_id,
        touch_channel,
        row_number() over (partition by journey_id order by event_number) as step_number,
        count(*) over (partition by journey_id) as steps
    from touches
    where previous_channel is null or previous_channel <> touch_channel
),

paths as (
    select
        journey_id,
        {{ ordered_listagg('touch_channel', 'step_number', ' > ') }}
        || case when max(steps) > {{ path_steps }} then ' > ...' else '' end as path,
        max(steps) as steps
    from steps
    where step_number <= {{ path_steps }}
    group by journey_id
),

-- An answer is about the latest journey begun before it was asked for, if the gap after that journey was not over.
answers as (
    select
        journeys.journey_id,
        survey_responses.score,
        row_number() over (
            partition by survey_responses.survey_response_id order by journeys.started_at desc, journeys.journey_id asc
        ) as journey_rank
    from survey_responses
    inner join journeys
        on
            survey_responses.customer_id = journeys.customer_id
            and survey_responses.invited_at >= journeys.started_at
            and survey_responses.invited_at <= journeys.ended_at + interval {{ gap_days }} day
    where
        survey_responses.survey = 'ces'
        and survey_responses.score is not null
),

efforts as (
    select
        journey_id,
        count(*) as ces_responses,
        sum(score) as ease_sum
    from answers
    where journey_rank = 1
    group by journey_id
),

ended as (
    select
        paths.path,
        paths.steps,
        {{ local_date('journeys.ended_at') }} as ended_date,
        {{ days_between(local_date('journeys.started_at'), local_date('journeys.ended_at')) }} as days,
        case when journeys.is_open then 1 else 0 end as is_open,
        case when journeys.is_converted then 1 else 0 end as is_converted,
        coalesce(efforts.ces_responses, 0) as ces_responses,
        coalesce(efforts.ease_sum, 0) as ease_sum
    from journeys
    inner join paths
        on journeys.journey_id = paths.journey_id
    left join efforts
        on journeys.journey_id = efforts.journey_id
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        {{ matures_at('date_periods.period_end', gap_days) }}
            as matures_at,
        ended.path,
        min(ended.steps) as steps,
        sum(1 - ended.is_open) as journeys,
        sum(ended.is_open) as open_journeys,
        sum(ended.is_converted) as conversions,
        {{ days_histogram('case when ended.is_open = 0 then ended.days end') }},
        sum((1 - ended.is_open) * ended.days) as days,
        sum((1 - ended.is_open) * ended.ces_responses) as ces_responses,
        sum((1 - ended.is_open) * ended.ease_sum) as ease_sum
    from ended
    inner join date_periods
        on ended.ended_date = date_periods.date_day
    group by
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        date_periods.period_end,
        ended.path
),

final as (
    select
        period,
        period_start,
        path,
        cast(steps as bigint) as steps,
        cast(open_journeys as bigint) as open_journeys,
        cast(conversions as bigint) as conversions,
        cast(journeys as bigint) as journeys,
        cast(days_0 as bigint) as days_0,
        cast(days_1_3 as bigint) as days_1_3,
        cast(days_4_7 as bigint) as days_4_7,
        cast(days_8_14 as bigint) as days_8_14,
        cast(days_15_30 as bigint) as days_15_30,
        cast(days_over_30 as bigint) as days_over_30,
        cast(days as bigint) as days,
        cast(ease_sum as bigint) as ease_sum,
        cast(ces_responses as bigint) as ces_responses,
        case when ces_responses > 0 then cast(ease_sum as double) / ces_responses end as ease_mean,
        case when journeys > 0 then cast(days as double) / journeys end as days_mean,
        case
            when journeys > 0 and matures_at <= {{ data_end_at() }} then cast(conversions as double) / journeys
        end as conversion_rate,
        is_complete,
        matures_at,
        journeys >= {{ var('reliability')['min_n'] }} as is_reliable
    from counted
)

select * from final
