{#- The type of money: exact, four decimals, so that sums of fractional unit prices tie out to the cent. -#}
{% macro money_type() -%}
    {{ return(adapter.dispatch('money_type', 'omnivue')()) }}
{%- endmacro %}

{% macro default__money_type() -%}
    {{ exceptions.raise_compiler_error("macro 'money_type' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__money_type() -%}
    decimal(18, 4)
{%- endmacro %}

{% macro spark__money_type() -%}
    decimal(18, 4)
{%- endmacro %}
