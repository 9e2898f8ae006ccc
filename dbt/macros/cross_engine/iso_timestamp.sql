{#- UTC timestamp of an ISO-8601 text ending in Z; NULL where it is none. -#}
{% macro iso_timestamp(text) -%}
    {{ return(adapter.dispatch('iso_timestamp', 'omnivue')(text)) }}
{%- endmacro %}

{% macro default__iso_timestamp(text) -%}
    {{ exceptions.raise_compiler_error("macro 'iso_timestamp' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__iso_timestamp(text) -%}
    try_cast({{ text }} as timestamp)
{%- endmacro %}

{% macro spark__iso_timestamp(text) -%}
    try_to_timestamp({{ text }})
{%- endmacro %}
