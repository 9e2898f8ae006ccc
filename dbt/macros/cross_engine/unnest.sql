{#- Follows a `from` clause: one row per element of an array column, rows with an empty array left out. -#}
{% macro unnest(array, table_alias, column_alias) -%}
    {{ return(adapter.dispatch('unnest', 'omnivue')(array, table_alias, column_alias)) }}
{%- endmacro %}

{% macro default__unnest(array, table_alias, column_alias) -%}
    {{ exceptions.raise_compiler_error("macro 'unnest' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__unnest(array, table_alias, column_alias) -%}
    cross join unnest({{ array }}) as {{ table_alias }}({{ column_alias }})
{%- endmacro %}

{% macro spark__unnest(array, table_alias, column_alias) -%}
    lateral view explode({{ array }}) {{ table_alias }} as {{ column_alias }}
{%- endmacro %}
