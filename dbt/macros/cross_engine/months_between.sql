{#- Difference of calendar months, days ignored (31 January to 1 February is 1): engines disagree on datediff of months. -#}
{% macro months_between(earlier, later) -%}
    {{ return(adapter.dispatch('months_between', 'omnivue')(earlier, later)) }}
{%- endmacro %}

{% macro default__months_between(earlier, later) -%}
    {{ exceptions.raise_compiler_error("macro 'months_between' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__months_between(earlier, later) -%}
    ((year({{ later }}) * 12 + month({{ later }})) - (year({{ earlier }}) * 12 + month({{ earlier }})))
{%- endmacro %}

{% macro spark__months_between(earlier, later) -%}
    ((year({{ later }}) * 12 + month({{ later }})) - (year({{ earlier }}) * 12 + month({{ earlier }})))
{%- endmacro %}
