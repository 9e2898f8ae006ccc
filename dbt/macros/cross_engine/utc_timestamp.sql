{#- UTC timestamp of a wall clock time in the business time zone (both without zone). -#}
{% macro utc_timestamp(local_timestamp) -%}
    {{ return(adapter.dispatch('utc_timestamp', 'omnivue')(local_timestamp)) }}
{%- endmacro %}

{% macro default__utc_timestamp(local_timestamp) -%}
    {{ exceptions.raise_compiler_error("macro 'utc_timestamp' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__utc_timestamp(local_timestamp) -%}
    timezone('UTC', timezone('{{ var("business")["time_zone"] }}', {{ local_timestamp }}))
{%- endmacro %}

{% macro spark__utc_timestamp(local_timestamp) -%}
    to_utc_timestamp({{ local_timestamp }}, '{{ var("business")["time_zone"] }}')
{%- endmacro %}
