{#- Aggregate: the distinct non-NULL values of a group as a sorted array; empty when there is none. -#}
{% macro array_agg_distinct(expression) -%}
    {{ return(adapter.dispatch('array_agg_distinct', 'omnivue')(expression)) }}
{%- endmacro %}

{% macro default__array_agg_distinct(expression) -%}
    {{ exceptions.raise_compiler_error("macro 'array_agg_distinct' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__array_agg_distinct(expression) -%}
    coalesce(list_sort(list_distinct(list({{ expression }}))), [])
{%- endmacro %}

{% macro spark__array_agg_distinct(expression) -%}
    array_sort(collect_set({{ expression }}))
{%- endmacro %}
