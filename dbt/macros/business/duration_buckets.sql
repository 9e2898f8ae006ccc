{#- Buckets of a histogram of durations in hours: lower end included, upper end not; the last is open. -#}
{% macro duration_buckets() -%}
    {{ return([(0, 1), (1, 4), (4, 8), (8, 24), (24, 72), (72, 168), (168, none)]) }}
{%- endmacro %}

{#- Aggregates: how many durations fall into each bucket, as `<name>_0_1h` .. `<name>_168h_up`. Durations below zero
    count in the first. -#}
{% macro duration_histogram(hours, name) -%}
    {%- for low, high in duration_buckets() %}
        count(case when {{ hours }}
        {%- if low > 0 %} >= {{ low }}{% endif %}
        {%- if low > 0 and high %} and {{ hours }}{% endif %}
        {%- if high %} < {{ high }}{% endif %} then 1 end) as {{ bucket_name(name, low, high) }}
        {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro bucket_name(name, low, high) -%}
    {{ name }}_{{ low }}{{ '_' ~ high ~ 'h' if high else 'h_up' }}
{%- endmacro %}

{#- The columns of such a histogram, as they are published. -#}
{% macro duration_histogram_columns(name) -%}
    {%- for low, high in duration_buckets() %}
        cast({{ bucket_name(name, low, high) }} as bigint) as {{ bucket_name(name, low, high) }}
        {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Aggregates: how many durations in whole days fall into each bucket, both ends included, as `days_0` ..
    `days_over_30`; NULL falls into none. -#}
{% macro days_histogram(days) -%}
    sum(case when {{ days }} = 0 then 1 else 0 end) as days_0
    {%- for low, high in [(1, 3), (4, 7), (8, 14), (15, 30)] %},
        sum(case when {{ days }} between {{ low }} and {{ high }} then 1 else 0 end) as days_{{ low }}_{{ high }}
    {%- endfor %},
        sum(case when {{ days }} > 30 then 1 else 0 end) as days_over_30
{%- endmacro %}
