{#- Last day the data speak for, a DATE: the latest business date delivered, never after the setting `as_of`. What
    ages, matures or is still open is judged at its end. The wall clock plays no part. -#}
{% macro data_end_date() -%}
    {%- set days = [var('as_of'), var('data_through')] | select | list -%}
    {%- if execute and not days -%}
        {{ exceptions.raise_compiler_error(
            "variables 'as_of' and 'data_through' are not known: `omnivue dbt` and `omnivue run` take them from the deliveries"
        ) }}
    {%- endif -%}
    cast('{{ days | min if days else "" }}' as date)
{%- endmacro %}

{#- The end of that day in the business time zone, a UTC timestamp. -#}
{% macro data_end_at() -%}
    {{ utc_timestamp('cast(' ~ add_days(data_end_date(), 1) ~ ' as timestamp)') }}
{%- endmacro %}
