{#- One view per declared extract over its lake folder, made at the start of every run: `source('raw', ...)` is then
    an ordinary relation, for lineage, unit tests and any engine. Binding reads one file per extract (its schema). -#}
{% macro create_landing_views() %}
    {% if execute and flags.WHICH in ['build', 'run', 'test', 'compile', 'show', 'run-operation'] %}
        {% set schemas = [] %}
        {% for extract in graph.sources.values() if extract.source_name == 'raw' %}
            {% if extract.schema not in schemas %}
                {% do schemas.append(extract.schema) %}
                {% do run_query('create schema if not exists ' ~ extract.schema) %}
            {% endif %}
            {% do run_query(
                'create or replace view ' ~ extract.schema ~ '.' ~ extract.identifier ~ ' as ' ~ landing(extract.name)
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}
