{%- set opening_hours = var('business')['opening_hours'] -%}

with

dates as (
    select * from {{ ref('dim_dates') }}
),

-- What is observed may end with the calendar, at midnight: that moment belongs to the day after.
days as (
    select
        date_day,
        iso_weekday,
        is_public_holiday
    from dates
    union all
    select
        {{ add_days('max(date_day)', 1) }} as date_day,
        0 as iso_weekday,
        false as is_public_holiday
    from dates
),

opened as (
    select
        {%- for moment in ['opens_at', 'closes_at'] %}
            case
                when is_public_holiday then cast(null as timestamp)
                {%- for weekday, hours in opening_hours.items() %}
                    {%- set time = hours[0] if moment == 'opens_at' else hours[1] %}
                    {%- set minutes = time[:2] | int * 60 + time[3:] | int %}
                    when iso_weekday = {{ weekday }}
                        then {{ utc_timestamp('cast(date_day as timestamp) + interval ' ~ minutes ~ ' minute') }}
                {%- endfor %}
            end as {{ moment }},
        {%- endfor %}
        date_day
    from days
),

measured as (
    select
        *,
        cast(coalesce({{ seconds_between('opens_at', 'closes_at') }}, 0) as double) as open_seconds
    from opened
),

final as (
    select
        date_day,
        opens_at,
        closes_at,
        open_seconds,
        coalesce(
            sum(open_seconds) over (order by date_day rows between unbounded preceding and 1 preceding), 0e0
        ) as open_seconds_before
    from measured
    where date_day is not null
)

select * from final
