{#- "Now" of this run as a DATE: the setting `as_of`, never the wall clock. -#}
{% macro as_of_date() -%}
    {%- if execute and not var('as_of') -%}
        {{ exceptions.raise_compiler_error(
            "setting 'as_of' is not known: pass --vars '{as_of: YYYY-MM-DD}' (`omnivue run` takes it from the deliveries)"
        ) }}
    {%- endif -%}
    cast('{{ var("as_of") }}' as date)
{%- endmacro %}

{#- "Now" of this run as a UTC timestamp: the end of the as_of day in the business time zone. -#}
{% macro as_of_timestamp() -%}
    {{ utc_timestamp('cast(' ~ add_days(as_of_date(), 1) ~ ' as timestamp)') }}
{%- endmacro %}
