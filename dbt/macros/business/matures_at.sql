{#- When a window of days that follows a period's last day has elapsed, a UTC timestamp: before it, what is counted in
    the window is not all there, and a ratio of it is NULL. -#}
{% macro matures_at(period_end, days) -%}
    {{ utc_timestamp('cast(' ~ add_days(period_end, days + 1) ~ ' as timestamp)') }}
{%- endmacro %}
