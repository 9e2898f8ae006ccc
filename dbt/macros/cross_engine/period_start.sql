{#- First day of the week (ISO, Monday), month, quarter or year that holds a local date. -#}
{% macro period_start(period, date) -%}
    {{ return(adapter.dispatch('period_start', 'omnivue')(period, date)) }}
{%- endmacro %}

{% macro default__period_start(period, date) -%}
    {{ exceptions.raise_compiler_error("macro 'period_start' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__period_start(period, date) -%}
    cast(date_trunc('{{ period }}', {{ date }}) as date)
{%- endmacro %}

{% macro spark__period_start(period, date) -%}
    cast(date_trunc('{{ period }}', {{ date }}) as date)
{%- endmacro %}
