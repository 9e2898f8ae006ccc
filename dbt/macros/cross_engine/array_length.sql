{#- Number of elements of an array. -#}
{% macro array_length(expression) -%}
    {{ return(adapter.dispatch('array_length', 'omnivue')(expression)) }}
{%- endmacro %}

{% macro default__array_length(expression) -%}
    {{ exceptions.raise_compiler_error("macro 'array_length' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__array_length(expression) -%}
    len({{ expression }})
{%- endmacro %}

{% macro spark__array_length(expression) -%}
    size({{ expression }})
{%- endmacro %}
