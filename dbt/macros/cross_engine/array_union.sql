{#- Distinct, sorted, non-NULL elements of two arrays. -#}
{% macro array_union(first, second) -%}
    {{ return(adapter.dispatch('array_union', 'omnivue')(first, second)) }}
{%- endmacro %}

{% macro default__array_union(first, second) -%}
    {{ exceptions.raise_compiler_error("macro 'array_union' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__array_union(first, second) -%}
    list_sort(list_distinct(list_concat({{ first }}, {{ second }})))
{%- endmacro %}

{% macro spark__array_union(first, second) -%}
    array_sort(array_distinct(array_compact(concat({{ first }}, {{ second }}))))
{%- endmacro %}
