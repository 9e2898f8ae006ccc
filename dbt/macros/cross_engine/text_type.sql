{#- The unbounded text type. -#}
{% macro text_type() -%}
    {{ return(adapter.dispatch('text_type', 'omnivue')()) }}
{%- endmacro %}

{% macro default__text_type() -%}
    {{ exceptions.raise_compiler_error("macro 'text_type' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__text_type() -%}
    varchar
{%- endmacro %}

{% macro spark__text_type() -%}
    string
{%- endmacro %}
