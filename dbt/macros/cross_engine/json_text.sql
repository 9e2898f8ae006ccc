{#- Text of a member of a JSON object held as text; NULL when absent. -#}
{% macro json_text(json, path) -%}
    {{ return(adapter.dispatch('json_text', 'omnivue')(json, path)) }}
{%- endmacro %}

{% macro default__json_text(json, path) -%}
    {{ exceptions.raise_compiler_error("macro 'json_text' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__json_text(json, path) -%}
    json_extract_string({{ json }}, '$.{{ path }}')
{%- endmacro %}

{% macro spark__json_text(json, path) -%}
    get_json_object({{ json }}, '$.{{ path }}')
{%- endmacro %}
