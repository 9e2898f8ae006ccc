{#- What the YAML of the KPI tables says of each measure with a formula; `omnivue catalogue` is its page. -#}
{%- set definitions = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.config.meta.owner -%}
        {%- for column in node.columns.values() if column.config.meta.formula -%}
            {%- set definition = {} -%}
            {%- set said = dict(node.config.meta, **column.config.meta) -%}
            {%- for field in [
                'unit', 'direction', 'formula', 'numerator', 'denominator', 'time_window', 'counts_by', 'owner'
            ] -%}
                {%- do definition.update({field: dbt.string_literal(dbt.escape_single_quotes(said[field]))}) -%}
            {%- endfor -%}
            {%- do definition.update({'kpi': node.name, 'measure': column.name}) -%}
            {%- do definitions.append(definition) -%}
        {%- endfor -%}
    {%- endfor -%}
{%- endif -%}

with

final as (
    {% for definition in definitions | sort(attribute='kpi,measure') -%}
        select
            '{{ definition['kpi'] }}' as kpi,
            '{{ definition['measure'] }}' as measure,
            {{ definition['unit'] }} as unit,
            {{ definition['direction'] }} as direction,
            {{ definition['formula'] }} as formula,
            {{ definition['numerator'] }} as numerator,
            {{ definition['denominator'] }} as denominator,
            {{ definition['time_window'] }} as time_window,
            {{ definition['counts_by'] }} as counts_by,
            {{ definition['owner'] }} as owner
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}
)

select * from final
