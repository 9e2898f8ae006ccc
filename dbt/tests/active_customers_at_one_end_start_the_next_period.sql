-- Who is there at the end of a period is there at the start of the next, for periods no longer than the window.
with

retention as (
    select
        period,
        period_start,
        at_end,
        lead(at_start) over (partition by period order by period_start) as next_at_start
    from {{ ref('kpi_retention') }}
    where segment = 'all' and period <> 'year'
)

select *
from retention
where
    at_end <> next_at_start
    and {{ var('windows')['active_days'] }} >= 92
