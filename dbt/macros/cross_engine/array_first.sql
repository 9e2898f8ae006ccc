{#- First element of an array; NULL when it is empty. -#}
{% macro array_first(expression) -%}
    {{ return(adapter.dispatch('array_first', 'omnivue')(expression)) }}
{%- endmacro %}

{% macro default__array_first(expression) -%}
    {{ exceptions.raise_compiler_error("macro 'array_first' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__array_first(expression) -%}
    {{ expression }}[1]
{%- endmacro %}

{% macro spark__array_first(expression) -%}
    get({{ expression }}, 0)
{%- endmacro %}
