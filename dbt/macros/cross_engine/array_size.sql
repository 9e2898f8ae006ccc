{#- Number of elements of an array. -#}
{% macro array_size(expression) -%}
    {{ return(adapter.dispatch('array_size', 'omnivue')(expression)) }}
{%- endmacro %}

{% macro default__array_size(expression) -%}
    {{ exceptions.raise_compiler_error("macro 'array_size' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__array_size(expression) -%}
    len({{ expression }})
{%- endmacro %}

{% macro spark__array_size(expression) -%}
    size({{ expression }})
{%- endmacro %}
