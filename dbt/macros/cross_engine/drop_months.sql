{#- The statement that takes months (a list of days, 2026-10-01; none = all) out of a table by `ds_month`. -#}
{% macro drop_months(relation, months) -%}
    {{ return(adapter.dispatch('drop_months', 'omnivue')(relation, months)) }}
{%- endmacro %}

{% macro default__drop_months(relation, months) -%}
    {{ exceptions.raise_compiler_error("macro 'drop_months' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__drop_months(relation, months) -%}
    {%- if months is none -%}
        delete from {{ relation }}
    {%- elif months -%}
        delete from {{ relation }} where ds_month in (date '{{ months | join("', date '") }}')
    {%- endif -%}
{%- endmacro %}

{% macro spark__drop_months(relation, months) -%}
    {%- if months is none -%}
        truncate table {{ relation }}
    {%- elif months -%}
        alter table {{ relation }} drop if exists
        partition (ds_month = date '{{ months | join("'), partition (ds_month = date '") }}')
    {%- endif -%}
{%- endmacro %}

{#- What `partition_by` of a model's config is on this engine: none where tables have no partitions. -#}
{% macro partition_column(column) -%}
    {{ return(adapter.dispatch('partition_column', 'omnivue')(column)) }}
{%- endmacro %}

{% macro default__partition_column(column) -%}
    {{ return(none) }}
{%- endmacro %}

{% macro spark__partition_column(column) -%}
    {{ return([column]) }}
{%- endmacro %}
