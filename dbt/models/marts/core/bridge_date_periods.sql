{%- set periods = ['week', 'month', 'quarter', 'year'] -%}

with

dates as (
    select * from {{ ref('dim_dates') }}
),

first_day as (
    select min(date_day) as first_date
    from dates
    where is_observed
),

days as (
    {% for period in periods -%}
        select
            date_day,
            '{{ period }}' as period,
            {{ period }}_start as period_start,
            is_observed
        from dates
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}
),

-- The first and last week may reach past the calendar, so a period's end is counted from its start.
bounded as (
    select
        *,
        {{ add_days(
            "case period"
            ~ " when 'week' then " ~ add_days('period_start', 7)
            ~ " when 'month' then " ~ period_start('month', add_days('period_start', 31))
            ~ " when 'quarter' then " ~ period_start('quarter', add_days('period_start', 92))
            ~ " else " ~ period_start('year', add_days('period_start', 366))
            ~ " end", -1
        ) }} as period_end
    from days
),

final as (
    select
        date_day,
        period,
        period_start,
        period_end,
        {{ period_start('month', 'period_start') }} as segments_as_of,
        is_observed,
        coalesce(
            period_start >= first_day.first_date and period_end <= {{ data_end_date() }}, false
        ) as is_complete
    from bounded
    cross join first_day
)

select * from final
