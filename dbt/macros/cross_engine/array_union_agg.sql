{#- Aggregate: the distinct non-NULL elements of a group's arrays as one sorted array; empty when there is none. -#}
{% macro array_union_agg(expression) -%}
    {{ return(adapter.dispatch('array_union_agg', 'omnivue')(expression)) }}
{%- endmacro %}

{% macro default__array_union_agg(expression) -%}
    {{ exceptions.raise_compiler_error("macro 'array_union_agg' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__array_union_agg(expression) -%}
    coalesce(list_sort(list_distinct(flatten(list({{ expression }})))), [])
{%- endmacro %}

{% macro spark__array_union_agg(expression) -%}
    array_sort(array_distinct(array_compact(flatten(collect_list({{ expression }})))))
{%- endmacro %}
