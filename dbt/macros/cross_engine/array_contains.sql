{#- Whether an array holds a value. -#}
{% macro array_contains(expression, value) -%}
    {{ return(adapter.dispatch('array_contains', 'omnivue')(expression, value)) }}
{%- endmacro %}

{% macro default__array_contains(expression, value) -%}
    {{ exceptions.raise_compiler_error("macro 'array_contains' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__array_contains(expression, value) -%}
    list_contains({{ expression }}, {{ value }})
{%- endmacro %}

{% macro spark__array_contains(expression, value) -%}
    array_contains({{ expression }}, {{ value }})
{%- endmacro %}
