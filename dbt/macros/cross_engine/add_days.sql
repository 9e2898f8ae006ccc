{#- A date moved by a number of days (column or literal). -#}
{% macro add_days(date, days) -%}
    {{ return(adapter.dispatch('add_days', 'omnivue')(date, days)) }}
{%- endmacro %}

{% macro default__add_days(date, days) -%}
    {{ exceptions.raise_compiler_error("macro 'add_days' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__add_days(date, days) -%}
    cast({{ date }} + to_days(cast({{ days }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_days(date, days) -%}
    date_add({{ date }}, cast({{ days }} as int))
{%- endmacro %}
