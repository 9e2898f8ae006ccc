{#- A date moved by a number of months (column or literal), at most to the last day of the month it reaches. -#}
{% macro add_months(date, months) -%}
    {{ return(adapter.dispatch('add_months', 'omnivue')(date, months)) }}
{%- endmacro %}

{% macro default__add_months(date, months) -%}
    {{ exceptions.raise_compiler_error("macro 'add_months' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__add_months(date, months) -%}
    cast({{ date }} + to_months(cast({{ months }} as integer)) as date)
{%- endmacro %}

{% macro spark__add_months(date, months) -%}
    add_months({{ date }}, cast({{ months }} as int))
{%- endmacro %}
