{%- set min_n = var('reliability')['min_n'] -%}

with

sentiments as (
    select * from {{ ref('int_verbatim_sentiments') }}
),

survey_responses as (
    select * from {{ ref('fct_survey_responses') }}
),

comments as (
    select * from {{ ref('fct_social_comments') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

texts as (
    select
        survey_response_id as response_key,
        responded_date as written_date,
        coalesce(channel, 'none') as channel,
        coalesce(language, 'unknown') as language,
        channel_from is not null and channel_to is not null as is_transition
    from survey_responses
    where has_verbatim

    union all

    select
        comment_key as response_key,
        written_date,
        'social' as channel,
        coalesce(lower(language), 'unknown') as language,
        false as is_transition
    from comments
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        texts.channel,
        sentiments.topic,
        texts.language,
        texts.is_transition,
        {{ array_agg_distinct('texts.response_key') }} as response_keys,
        count(*) as responses,
        count(sentiments.sentiment) as judged,
        sum(case when sentiments.mood = 'positive' then 1 else 0 end) as positive,
        sum(case when sentiments.mood = 'neutral' then 1 else 0 end) as neutral,
        sum(case when sentiments.mood = 'negative' then 1 else 0 end) as negative,
        sum(cast(round(sentiments.sentiment, 4) as decimal(18, 4))) as sentiment_sum
    from texts
    inner join sentiments
        on texts.response_key = sentiments.response_key
    inner join date_periods
        on texts.written_date = date_periods.date_day
    group by
        date_periods.period, date_periods.period_start, date_periods.is_complete, texts.channel, sentiments.topic,
        texts.language, texts.is_transition
),

final as (
    select
        period,
        period_start,
        channel,
        topic,
        language,
        is_transition,
        {{ array_to_text('response_keys', ',') }} as response_keys,
        cast(responses as bigint) as responses,
        cast(judged as bigint) as judged,
        cast(positive as bigint) as positive,
        cast(neutral as bigint) as neutral,
        cast(negative as bigint) as negative,
        cast(sentiment_sum as double) as sentiment_sum,
        case when judged > 0 then cast(positive as double) / judged end as positive_share,
        case when judged > 0 then cast(negative as double) / judged end as negative_share,
        case when judged > 0 then cast(sentiment_sum as double) / judged end as sentiment_mean,
        is_complete,
        judged >= {{ min_n }} as is_reliable
    from counted
)

select * from final
