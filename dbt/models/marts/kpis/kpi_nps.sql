{%- set min_n = var('reliability')['min_n'] -%}

with

invitations as (
    {{ survey_invitations('nps') }}
),

counted as (
    select
        period,
        period_start,
        is_complete,
        survey_type,
        interaction_type,
        channel,
        store,
        segment,
        count(*) as invited,
        sum(is_identified) as identified_invited,
        count(score) as responses,
        sum(case when score >= 9 then 1 else 0 end) as promoters,
        sum(case when score in (7, 8) then 1 else 0 end) as passives,
        sum(case when score <= 6 then 1 else 0 end) as detractors
    from invitations
    group by
        period, period_start, is_complete, survey_type, interaction_type, channel, store, segment
),

final as (
    select
        period,
        period_start,
        survey_type,
        interaction_type,
        channel,
        store,
        segment,
        cast(invited as bigint) as invited,
        cast(identified_invited as bigint) as identified_invited,
        cast(responses as bigint) as responses,
        cast(promoters as bigint) as promoters,
        cast(passives as bigint) as passives,
        cast(detractors as bigint) as detractors,
        cast(identified_invited as double) / invited as identified_share,
        cast(responses as double) / invited as response_rate,
        {{ nps_bound('promoters', 'detractors', 'responses', 'low') }} as nps_low,
        {{ nps_bound('promoters', 'detractors', 'responses', 'high') }} as nps_high,
        case when responses > 0 then 100e0 * (promoters - detractors) / responses end as nps,
        is_complete,
        responses >= {{ min_n }} as is_reliable
    from counted
)

select * from final
