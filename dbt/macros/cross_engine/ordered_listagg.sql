{#- Aggregate: the texts of a group in a given order, joined by a separator. -#}
{% macro ordered_listagg(expression, order_by, separator) -%}
    {{ return(adapter.dispatch('ordered_listagg', 'omnivue')(expression, order_by, separator)) }}
{%- endmacro %}

{% macro default__ordered_listagg(expression, order_by, separator) -%}
    {{ exceptions.raise_compiler_error("macro 'ordered_listagg' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__ordered_listagg(expression, order_by, separator) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{% macro spark__ordered_listagg(expression, order_by, separator) -%}
    listagg({{ expression }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}
