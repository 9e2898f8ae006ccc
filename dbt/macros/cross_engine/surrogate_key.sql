{#- Opaque text id: md5 of the parts joined by `|`; a NULL part counts as empty. -#}
{% macro surrogate_key(parts) -%}
    {{ return(adapter.dispatch('surrogate_key', 'omnivue')(parts)) }}
{%- endmacro %}

{% macro default__surrogate_key(parts) -%}
    {{ exceptions.raise_compiler_error("macro 'surrogate_key' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__surrogate_key(parts) -%}
    md5(concat_ws(
        '|'
        {%- for part in parts %}, coalesce(cast({{ part }} as varchar), ''){% endfor -%}
    ))
{%- endmacro %}

{% macro spark__surrogate_key(parts) -%}
    md5(concat_ws(
        '|'
        {%- for part in parts %}, coalesce(cast({{ part }} as string), ''){% endfor -%}
    ))
{%- endmacro %}
