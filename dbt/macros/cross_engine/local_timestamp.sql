{#- Wall clock of the business time zone for a UTC timestamp (both without zone). -#}
{% macro local_timestamp(utc_timestamp) -%}
    {{ return(adapter.dispatch('local_timestamp', 'omnivue')(utc_timestamp)) }}
{%- endmacro %}

{% macro default__local_timestamp(utc_timestamp) -%}
    {{ exceptions.raise_compiler_error("macro 'local_timestamp' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__local_timestamp(utc_timestamp) -%}
    timezone('{{ var("business")["time_zone"] }}', timezone('UTC', {{ utc_timestamp }}))
{%- endmacro %}

{% macro spark__local_timestamp(utc_timestamp) -%}
    from_utc_timestamp({{ utc_timestamp }}, '{{ var("business")["time_zone"] }}')
{%- endmacro %}
