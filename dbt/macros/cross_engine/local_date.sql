{#- Business day of a UTC timestamp: the date on the wall clock of the business time zone. -#}
{% macro local_date(utc_timestamp) -%}
    cast({{ local_timestamp(utc_timestamp) }} as date)
{%- endmacro %}
