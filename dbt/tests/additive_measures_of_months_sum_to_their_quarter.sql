{#- What the models' columns declare additive adds up: the months of a quarter give the quarter, cell by cell. -#}
{%- set dimensions = {
    'kpi_channel_revenue': ['sales_channel'],
    'kpi_channel_synergy': ['channel_combination'],
    'kpi_interchannel_rate': [],
    'kpi_channel_transitions': ['channel_role', 'from_channel', 'to_channel'],
    'kpi_channel_conversion': ['sales_channel', 'touch_channel', 'store'],
    'kpi_ad_performance': ['platform', 'touch_channel', 'campaign_id', 'spend_purpose'],
    'kpi_journey_paths': ['path'],
    'kpi_journey_steps': ['stage', 'touch_channel'],
} -%}
{%- for kpi, columns in dimensions.items() %}
{%- set relation = ref(kpi) -%}
{%- set measures = [] -%}
{%- if execute -%}
    {%- for column in graph.nodes['model.omnivue.' ~ kpi].columns.values()
        if column.config.meta.additivity == 'additive' and column.name != 'margin' -%}
        {%- do measures.append(column.name) -%}
    {%- endfor -%}
{%- endif %}
select
    '{{ kpi }}' as kpi,
    quarter_start
from (
    select
        {{ period_start('quarter', 'period_start') }} as quarter_start
        {%- for column in columns %},
        {{ column }}
        {%- endfor %}
        {%- for measure in measures %},
        coalesce(sum(case when period = 'month' then {{ measure }} end), 0)
        - coalesce(sum(case when period = 'quarter' then {{ measure }} end), 0) as {{ measure }}_off
        {%- endfor %}
    from {{ relation }}
    where period in ('month', 'quarter')
    group by
        {{ period_start('quarter', 'period_start') }}
        {%- for column in columns %},
        {{ column }}
        {%- endfor %}
) as cells
where
    {%- for measure in measures %}
    {{ 'or ' if not loop.first }}{{ measure }}_off <> 0
    {%- else %}
    true
    {%- endfor %}
{{ 'union all' if not loop.last }}
{%- endfor %}
