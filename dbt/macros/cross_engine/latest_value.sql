{#- Aggregate: the non-NULL value of a column with the greatest `at`; of several as late, the greatest value. -#}
{% macro latest_value(column, at) -%}
    {{ return(adapter.dispatch('latest_value', 'omnivue')(column, at)) }}
{%- endmacro %}

{% macro default__latest_value(column, at) -%}
    {{ exceptions.raise_compiler_error("macro 'latest_value' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__latest_value(column, at) -%}
    arg_max({{ column }}, row({{ at }}, {{ column }})) filter (where {{ column }} is not null)
{%- endmacro %}

{% macro spark__latest_value(column, at) -%}
    max_by({{ column }}, struct({{ at }}, {{ column }})) filter (where {{ column }} is not null)
{%- endmacro %}
