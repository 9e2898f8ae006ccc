{#- Follows a `from` clause: one row per element of an array column with a whole number that grows along the array; rows
    with an empty array left out. -#}
{% macro unnest_in_order(array, table_alias, column_alias, position_alias) -%}
    {{ return(adapter.dispatch('unnest_in_order', 'omnivue')(array, table_alias, column_alias, position_alias)) }}
{%- endmacro %}

{% macro default__unnest_in_order(array, table_alias, column_alias, position_alias) -%}
    {{ exceptions.raise_compiler_error("macro 'unnest_in_order' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__unnest_in_order(array, table_alias, column_alias, position_alias) -%}
    cross join unnest({{ array }}) with ordinality as {{ table_alias }}({{ column_alias }}, {{ position_alias }})
{%- endmacro %}

{% macro spark__unnest_in_order(array, table_alias, column_alias, position_alias) -%}
    lateral view posexplode({{ array }}) {{ table_alias }} as {{ position_alias }}, {{ column_alias }}
{%- endmacro %}
