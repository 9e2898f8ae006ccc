{#- Whether a local date is a public holiday of the country, by the list the run passes. -#}
{% macro is_public_holiday(date) -%}
    {%- set holidays = var('public_holidays') -%}
    {%- if holidays -%}
        {{ date }} in (
            {%- for holiday in holidays %}cast('{{ holiday }}' as date){{ ', ' if not loop.last }}{% endfor -%}
        )
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}
