{#- Records that are exported again and again, folded: what all deliveries before the extract's newest months say of a
    record stands as one row in a table of its own, and a night reads that row and the newest months' deliveries instead
    of years of them. `settled_months` says by extract where the newest months begin, and since when what lies before is
    not in that table yet; when the run does not say (dbt called by hand), nothing is settled, and the next run writes
    it anew. -#}

{#- The model of an extract's settled versions. A month that has become old is added to what stands; all is written anew
    where older ones changed. -#}
{% macro settled_versions(extract) -%}
    {{ config(
        materialized='incremental',
        incremental_strategy=upsert_strategy() or 'append',
        unique_key=dated_extracts()[extract]['key'] if upsert_strategy() else none,
        on_schema_change='fail',
        pre_hook="{{ drop_settled('" ~ extract ~ "') }}"
    ) }}
    {%- set months = settled_months(extract) -%}
    {%- if months['before'] is none or (stays_settled(extract) and months['since'] == months['before']) -%}
        {{ latest_versions(extract, 'false') }}
    {%- elif not stays_settled(extract) -%}
        {{ latest_versions(extract, "ds_month < date '" ~ months['before'] ~ "'") }}
    {%- else -%}
        {{ latest_versions(
            extract,
            "ds_month >= date '" ~ months['since'] ~ "' and ds_month < date '" ~ months['before'] ~ "'",
            settled=this
        ) }}
    {%- endif -%}
{%- endmacro %}

{% macro settled_months(extract) -%}
    {{ return((var('settled_months') or {}).get(extract, {'before': none, 'since': none})) }}
{%- endmacro %}

{#- Whether what was settled stays, with or without months to add. -#}
{% macro stays_settled(extract) -%}
    {%- set months = settled_months(extract) -%}
    {{ return(
        is_incremental()
        and months['since'] is not none
        and (upsert_strategy() is not none or months['since'] == months['before'])
    ) }}
{%- endmacro %}

{% macro drop_settled(extract) -%}
    {%- if is_incremental() and not stays_settled(extract) -%}
        {{ drop_months(this, none) }}
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
    `delivered` says which deliveries are read, `settled` is the table of settled versions to go on from. -#}
{% macro latest_versions(extract, delivered, settled=none) -%}
    {%- set dated = dated_extracts()[extract]['dated'] -%}
    {%- set key = dated_extracts()[extract]['key'] -%}
    {%- set versions = _versions(extract, delivered, settled) -%}
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

{% macro _versions(extract, delivered, settled) -%}
    select
        {%- for column in _delivered_columns(extract) %}
            {{ column }},
        {%- endfor %}
        {%- for column in said_at_columns(extract) %}
            null as {{ column }},
        {%- endfor %}
            null as first_seen_date
    from {{ source('raw', extract) }}
    where {{ delivered }}
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
