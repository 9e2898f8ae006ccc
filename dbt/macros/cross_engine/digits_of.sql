{#- The digits of a text, everything else left out. -#}
{% macro digits_of(text) -%}
    {{ return(adapter.dispatch('digits_of', 'omnivue')(text)) }}
{%- endmacro %}

{% macro default__digits_of(text) -%}
    {{ exceptions.raise_compiler_error("macro 'digits_of' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__digits_of(text) -%}
    regexp_replace({{ text }}, '[^0-9]', '', 'g')
{%- endmacro %}

{% macro spark__digits_of(text) -%}
    regexp_replace({{ text }}, '[^0-9]', '')
{%- endmacro %}
