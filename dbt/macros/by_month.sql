{#- Builds a model month by month of business date, `ds_month`: the model's rows of a month come from that extract's
    deliveries of the same month alone, so a night writes the months whose deliveries changed and keeps the others.
    The model takes `ds_month` along and reads its input `where {{ in_changed_months(extract) }}`. What depends on the
    run's day, on other extracts or on other months belongs into a model that reads this one. -#}
{% macro by_month(extract) -%}
    {{ config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        partition_by=partition_column('ds_month'),
        pre_hook="{{ drop_changed_months('" ~ extract ~ "') }}"
    ) }}
{%- endmacro %}

{#- Months (2026-10-01) whose deliveries of the extract changed since the first pass last ended well; none when the
    run does not say (dbt called by hand): then every month counts as changed. -#}
{% macro changed_months(extract) -%}
    {{ return((var('changed_months') or {}).get(extract)) }}
{%- endmacro %}

{% macro in_changed_months(extract) -%}
    {%- set months = changed_months(extract) -%}
    {%- if months is none or not is_incremental() -%}
        true
    {%- elif months -%}
        ds_month in (date '{{ months | join("', date '") }}')
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{% macro drop_changed_months(extract) -%}
    {%- if is_incremental() -%}
        {{ drop_months(this, changed_months(extract)) }}
    {%- endif -%}
{%- endmacro %}
