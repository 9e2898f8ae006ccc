{#- Seconds customer service has been open from the beginning of the calendar to a UTC timestamp; `day` names the row of
    int_service_hours of its local date. The difference of two is the business time between them: nights, weekends and
    holidays add nothing, and a day of 23 or 25 hours what it was open. -#}
{% macro open_seconds_at(at, day) -%}
    ({{ day }}.open_seconds_before + case
        when {{ day }}.open_seconds > 0
            then greatest(0e0, least({{ seconds_between(day ~ '.opens_at', at) }}, {{ day }}.open_seconds))
        else 0e0
    end)
{%- endmacro %}
