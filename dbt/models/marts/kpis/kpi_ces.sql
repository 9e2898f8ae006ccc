{%- set min_n = var('reliability')['min_n'] -%}
{%- set dimensions = [
    'survey_type', 'interaction_type', 'channel_role', 'channel', 'channel_from', 'channel_to', 'store', 'segment',
] -%}

with

invitations as (
    {{ survey_invitations('ces') }}
),

counted as (
    select
        period,
        period_start,
        is_complete,
        {{ dimensions | join(',\n        ') }},
        count(*) as invited,
        sum(is_identified) as identified_invited,
        count(score) as responses,
        coalesce(sum(score), 0) as ease_sum,
        sum(case when score >= 5 then 1 else 0 end) as easy,
        sum(case when score = 4 then 1 else 0 end) as neutral,
        sum(case when score <= 3 then 1 else 0 end) as difficult,
        count(case when score is not null then has_repeated_information end) as repetition_answers,
        sum(case when score is not null and has_repeated_information then 1 else 0 end) as repeated_information
    from invitations
    group by
        period, period_start, is_complete,
        {{ dimensions | join(', ') }}
),

final as (
    select
        period,
        period_start,
        {{ dimensions | join(',\n        ') }},
        cast(invited as bigint) as invited,
        cast(identified_invited as bigint) as identified_invited,
        cast(responses as bigint) as responses,
        cast(ease_sum as bigint) as ease_sum,
        cast(easy as bigint) as easy,
        cast(neutral as bigint) as neutral,
        cast(difficult as bigint) as difficult,
        cast(repetition_answers as bigint) as repetition_answers,
        cast(repeated_information as bigint) as repeated_information,
        cast(identified_invited as double) / invited as identified_share,
        cast(responses as double) / invited as response_rate,
        case when repetition_answers > 0 then cast(repeated_information as double) / repetition_answers end
            as repeated_information_share,
        case when responses > 0 then cast(ease_sum as double) / responses end as ease_mean,
        case when responses > 0 then 8 - cast(ease_sum as double) / responses end as effort_mean,
        is_complete,
        responses >= {{ min_n }} as is_reliable
    from counted
)

select * from final
