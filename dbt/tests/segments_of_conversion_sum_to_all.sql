-- The segment `all` is the sum of the others, and the same visitors are split by number of channels.
with

sums as (
    select
        period,
        period_start,
        conversion_type,
        sum(case when segment = 'all' then visitors else -visitors end) as visitors_off,
        sum(case when segment = 'all' then converters else -converters end) as converters_off,
        sum(case when segment = 'all' then visitors end) as visitors
    from {{ ref('kpi_conversion') }}
    group by period, period_start, conversion_type
),

by_channels as (
    select
        period,
        period_start,
        sum(all_visitors) as visitors
    from {{ ref('kpi_conversion_by_channels') }}
    group by period, period_start
)

select sums.*
from sums
left join by_channels
    on
        sums.period = by_channels.period
        and sums.period_start = by_channels.period_start
where
    sums.visitors_off <> 0
    or sums.converters_off <> 0
    or sums.visitors <> coalesce(by_channels.visitors, 0)
