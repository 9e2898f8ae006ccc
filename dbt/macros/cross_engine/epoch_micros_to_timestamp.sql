{#- UTC timestamp of a count of microseconds since 1970-01-01. -#}
{% macro epoch_micros_to_timestamp(micros) -%}
    {{ return(adapter.dispatch('epoch_micros_to_timestamp', 'omnivue')(micros)) }}
{%- endmacro %}

{% macro default__epoch_micros_to_timestamp(micros) -%}
    {{ exceptions.raise_compiler_error("macro 'epoch_micros_to_timestamp' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__epoch_micros_to_timestamp(micros) -%}
    make_timestamp({{ micros }})
{%- endmacro %}

{% macro spark__epoch_micros_to_timestamp(micros) -%}
    timestamp_micros({{ micros }})
{%- endmacro %}
