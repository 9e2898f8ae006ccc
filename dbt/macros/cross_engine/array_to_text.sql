{#- The elements of a text array joined by a separator. -#}
{% macro array_to_text(expression, separator) -%}
    {{ return(adapter.dispatch('array_to_text', 'omnivue')(expression, separator)) }}
{%- endmacro %}

{% macro default__array_to_text(expression, separator) -%}
    {{ exceptions.raise_compiler_error("macro 'array_to_text' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__array_to_text(expression, separator) -%}
    array_to_string({{ expression }}, '{{ separator }}')
{%- endmacro %}

{% macro spark__array_to_text(expression, separator) -%}
    array_join({{ expression }}, '{{ separator }}')
{%- endmacro %}
