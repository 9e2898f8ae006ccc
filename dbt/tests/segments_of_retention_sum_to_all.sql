-- The segment `all` is the sum of the others, measure by measure, and absent where they are.
with

sums as (
    select
        period,
        period_start,
        {%- for measure in ['at_start', 'retained', 'churned', 'new', 'reactivated', 'at_end'] %}
        sum(case when segment = 'all' then {{ measure }} end) as all_{{ measure }},
        sum(case when segment <> 'all' then {{ measure }} end) as sum_{{ measure }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('kpi_retention') }}
    group by period, period_start
)

select *
from sums
where
    {%- for measure in ['at_start', 'retained', 'churned', 'new', 'reactivated', 'at_end'] %}
    {{ 'or ' if not loop.first }}all_{{ measure }} <> sum_{{ measure }}
    or (all_{{ measure }} is null) <> (sum_{{ measure }} is null)
    {%- endfor %}
