{#- The incremental strategy that puts rows in the place of those with the same key; none where files cannot do it. -#}
{% macro upsert_strategy() -%}
    {{ return(adapter.dispatch('upsert_strategy', 'omnivue')()) }}
{%- endmacro %}

{% macro default__upsert_strategy() -%}
    {{ return(none) }}
{%- endmacro %}

{% macro duckdb__upsert_strategy() -%}
    {{ return('delete+insert') }}
{%- endmacro %}
