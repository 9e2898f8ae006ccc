{#- Records that are exported again and again, folded: what all deliveries before the extract's newest months say of a
    record stands as one row in a table of its own, and a night reads that row and the newest months' deliveries instead
    of years of them. `settled_months` says by extract where the newest months begin, and whether what lies before is
    other than the last first pass found it; when the run does not say (dbt called by hand), nothing is settled. -#}

{#- The model of an extract's settled versions. -#}
{% macro settled_versions(extract) -%}
    {{ config(
        materialized='incremental',
        incremental_strategy='append',
        on_schema_change='fail',
        pre_hook="{{ drop_settled('" ~ extract ~ "') }}"
    ) }}
    {{ latest_versions(extract) }}
{%- endmacro %}

{% macro settled_months(extract) -%}
    {{ return((var('settled_months') or {}).get(extract, {'before': none, 'has_changed': true})) }}
{%- endmacro %}

{% macro drop_settled(extract) -%}
    {%- if is_incremental() and settled_months(extract)['has_changed'] -%}
        {{ drop_months(this, none) }}
    {%- endif -%}
{%- endmacro %}

{#- Deliveries the table of settled versions is written from: none while it stays as it is. -#}
{% macro is_settled(extract) -%}
    {%- set months = settled_months(extract) -%}
    {%- if months['before'] is none or (is_incremental() and not months['has_changed']) -%}
        false
    {%- else -%}
        ds_month < date '{{ months['before'] }}'
    {%- endif -%}
{%- endmacro %}

{#- Deliveries that are read beside the settled versions. -#}
{% macro is_open(extract) -%}
    {%- set before = settled_months(extract)['before'] -%}
    {{ 'true' if before is none else "ds_month >= date '" ~ before ~ "'" }}
{%- endmacro %}

{#- Each record's latest version, with what orders versions, `first_seen_date` (arrival of its first delivery) and
    <field>_said_at for each of the extract's dated fields: when the record came to say what it says. A snapshot repeats
    an old address every week, and a system's modification date moves with any field: neither makes the address new.
    `settled` is the table of settled versions to go on from; without it, this gives that table. -#}
{% macro latest_versions(extract, settled=none) -%}
    {%- set dated = dated_extracts()[extract]['dated'] -%}
    {%- set key = dated_extracts()[extract]['key'] -%}
    {%- set versions = _versions(extract, settled) -%}
    {%- set by_age = 'over (partition by ' ~ key ~ ' order by ds, _arrival_date, delivery, _line)' -%}
    select
        {%- for column in _delivered_columns(extract) %}
            versions.{{ column }},
        {%- endfor %}
        {%- for column in said_at_columns(extract) %}
            said.{{ column }},
        {%- endfor %}
            said.first_seen_date
    from (
        select
            *,
            lead(_line) {{ by_age }} is null as is_latest
        from ({{ versions }}) as every_version
    ) as versions
    inner join (
        select
            {{ key }},
            {%- for column in said_at_columns(extract) %}
                max({{ column }}) as {{ column }},
            {%- endfor %}
            min(coalesce(first_seen_date, _arrival_date)) as first_seen_date
        from (
            select
                {{ key }},
                {%- for field, columns in dated.items() %}
                    case
                        when first_seen_date is not null then {{ field }}_said_at
                        when
                        {%- for column in columns %}
                            {{ 'or ' if not loop.first }}(lag({{ column }}) {{ by_age }} is distinct from {{ column }})
                        {%- endfor %}
                            then {{ dated_extracts()[extract]['at'] }}
                    end as {{ field }}_said_at,
                {%- endfor %}
                first_seen_date,
                _arrival_date
            from ({{ versions }}) as every_version
        ) as changes
        group by {{ key }}
    ) as said
        on versions.{{ key }} = said.{{ key }}
    where versions.is_latest
{%- endmacro %}

{% macro _delivered_columns(extract) -%}
    {%- set found = dated_extracts()[extract] -%}
    {{ return([found['key']] + (found['dated'].values() | sum(start=[])) + found['other']
        + ['ds', '_arrival_date', 'delivery', '_line']) }}
{%- endmacro %}

{% macro _versions(extract, settled) -%}
    select
        {%- for column in _delivered_columns(extract) %}
            {{ column }},
        {%- endfor %}
        {%- for column in said_at_columns(extract) %}
            null as {{ column }},
        {%- endfor %}
            null as first_seen_date
    from {{ source('raw', extract) }}
    where {{ is_open(extract) if settled else is_settled(extract) }}
    {%- if settled %}
        union all
        select
            {%- for column in _delivered_columns(extract) + said_at_columns(extract) %}
                {{ column }},
            {%- endfor %}
            first_seen_date
        from {{ settled }}
    {%- endif %}
{%- endmacro %}
