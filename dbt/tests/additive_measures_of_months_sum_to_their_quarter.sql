{#- What the columns of a KPI table declare additive adds up: the months of a quarter give the quarter, cell by cell. A
    cell is the table's key, less what is as of period_start and so may differ between a month and its quarter. A NULL
    of a quarter, not measurable, is not compared, nor is a quarter that began before the first month there is. -#}
{%- set kpis = [
    'attribution_by_campaign', 'attribution_by_channel', 'kpi_acquisition_combinations', 'kpi_ad_performance',
    'kpi_cart_abandonment', 'kpi_ces', 'kpi_channel_conversion', 'kpi_channel_revenue', 'kpi_channel_synergy',
    'kpi_channel_transitions', 'kpi_click_and_collect', 'kpi_contact_containment', 'kpi_csat', 'kpi_interaction_roi',
    'kpi_interchannel_rate', 'kpi_journey_paths', 'kpi_journey_steps', 'kpi_loyalty', 'kpi_message_pressure', 'kpi_nps',
    'kpi_resolution_time', 'kpi_social_engagement', 'kpi_stock_availability', 'kpi_verbatims',
    'platform_claimed_conversions',
] -%}
{#- Of these there are no months, or no quarters. -#}
{%- set not_by_both = [
    'attribution_budget_view', 'attribution_credits', 'attribution_paths', 'kpi_channel_matrix', 'kpi_experiments',
    'kpi_loyalty_board', 'kpi_omnichannel_value',
] -%}
{%- set as_of_period_start = ['period', 'period_start', 'segment', 'tier'] -%}
{%- set cells = {} -%}
{%- if execute -%}
    {%- for test in graph.nodes.values()
        if test.resource_type == 'test' and 'test_metadata' in test and test.test_metadata.name == 'unique_combination' -%}
        {%- set node = graph.nodes[test.attached_node] -%}
        {%- set measures = [] -%}
        {%- for column in node.columns.values() if column.config.meta.additivity == 'additive' -%}
            {%- do measures.append(column) -%}
        {%- endfor -%}
        {%- if measures and node.config.meta.owner -%}
            {%- set key = test.test_metadata.kwargs.columns | reject('in', as_of_period_start) | list -%}
            {%- do cells.update({node.name: {'key': key, 'measures': measures}}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set untested = cells | reject('in', kpis + not_by_both) | list -%}
    {%- if untested -%}
        {%- do exceptions.raise_compiler_error(
            'additive measures that no test adds up: name ' ~ untested | join(', ')
            ~ ' in tests/additive_measures_of_months_sum_to_their_quarter.sql'
        ) -%}
    {%- endif -%}
{%- endif -%}
{%- for kpi in kpis %}
{%- set relation = ref(kpi) -%}
{%- set cell = cells.get(kpi, {'key': [], 'measures': []}) %}
select
    '{{ kpi }}' as kpi,
    quarter_start
from (
    select
        {{ period_start('quarter', 'period_start') }} as quarter_start
        {%- for column in cell.measures %},
        coalesce(sum(case when period = 'month' then {{ column.name }} end), 0) as months_{{ column.name }},
        sum(case when period = 'quarter' then {{ column.name }} end) as quarter_{{ column.name }}
        {%- endfor %},
        max(case when period = 'quarter' then 1 else 0 end) as has_quarter
    from {{ relation }}
    where period in ('month', 'quarter')
    group by
        {{ period_start('quarter', 'period_start') }}
        {%- for column in cell.key %},
        {{ column }}
        {%- endfor %}
) as cells
where
    quarter_start >= (
        select min(period_start) as first_month from {{ ref('bridge_date_periods') }} where period = 'month' and is_observed
    )
    and (
        has_quarter = 0
    {%- for column in cell.measures %}
    {%- if column.data_type == 'double' %}
        or abs(months_{{ column.name }} - quarter_{{ column.name }}) > 1e-6 * (1 + abs(quarter_{{ column.name }}))
    {%- else %}
        or months_{{ column.name }} <> quarter_{{ column.name }}
    {%- endif %}
    {%- endfor %}
    )
{{ 'union all' if not loop.last }}
{%- endfor %}
