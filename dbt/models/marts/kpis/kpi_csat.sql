{%- set min_n = var('reliability')['min_n'] -%}

with

invitations as (
    {{ survey_invitations('csat') }}
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
