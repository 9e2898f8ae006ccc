{#- The first group of a regular expression's first match in a text; NULL without a match. -#}
{% macro regex_extract(text, pattern) -%}
    {{ return(adapter.dispatch('regex_extract', 'omnivue')(text, pattern)) }}
{%- endmacro %}

{% macro default__regex_extract(text, pattern) -%}
    {{ exceptions.raise_compiler_error("macro 'regex_extract' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__regex_extract(text, pattern) -%}
    nullif(regexp_extract({{ text }}, '{{ pattern }}', 1), '')
{%- endmacro %}

{% macro spark__regex_extract(text, pattern) -%}
    nullif(regexp_extract({{ text }}, r'{{ pattern }}', 1), '')
{%- endmacro %}
