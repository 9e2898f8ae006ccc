{%- set dated_facts = [
    ('fct_orders', 'ordered_date'),
    ('fct_refunds', 'refunded_date'),
    ('fct_touchpoints', 'touched_date'),
    ('fct_sessions', 'started_date'),
    ('fct_messages', 'sent_date'),
    ('fct_tickets', 'created_date'),
    ('fct_survey_responses', 'invited_date'),
    ('fct_ad_spend', 'spend_date'),
    ('fct_loyalty_events', 'occurred_date'),
] -%}

with

{% for fact, date_column in dated_facts %}
    {{ fact }}_span as (
        select min({{ date_column }}) as first_date from {{ ref(fact) }}
    ),

{% endfor %}
observed as (
    select
        coalesce(min(first_date), {{ data_end_date() }}) as first_date,
        {{ data_end_date() }} as last_date,
        {{ add_days(period_start('year', add_days(period_start('year', data_end_date()), 366)), -1) }} as calendar_end
    from (
        {%- for fact, date_column in dated_facts %}
            select first_date from {{ fact }}_span
            {%- if not loop.last %}
                union all
            {%- endif %}
        {%- endfor %}
    ) as spans
),

digits as (
    {% for digit in range(10) -%}
        select {{ digit }} as digit
        {%- if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

-- Days counted back from the end of the last observed year: 10,000 of them, 27 years.
offsets as (
    select ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit as days_back
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
),

calendar as (
    select
        {{ add_days('observed.calendar_end', '-offsets.days_back') }} as date_day,
        observed.first_date,
        observed.last_date
    from offsets
    cross join observed
),

started as (
    select
        date_day,
        first_date,
        last_date,
        {{ period_start('week', 'date_day') }} as week_start,
        {{ period_start('month', 'date_day') }} as month_start,
        {{ period_start('quarter', 'date_day') }} as quarter_start,
        {{ period_start('year', 'date_day') }} as year_start
    from calendar
    where date_day >= {{ period_start('year', 'first_date') }}
),

-- An ISO week belongs to the year of its Thursday.
final as (
    select
        date_day,
        week_start,
        month_start,
        quarter_start,
        year_start,
        cast(extract(year from {{ add_days('week_start', 3) }}) as integer) as iso_year,
        cast(extract(week from date_day) as integer) as iso_week,
        cast(extract(month from date_day) as integer) as month_number,
        cast(extract(quarter from date_day) as integer) as quarter_number,
        cast(extract(year from date_day) as integer) as calendar_year,
        cast({{ days_between('week_start', 'date_day') }} + 1 as integer) as iso_weekday,
        {{ days_between('week_start', 'date_day') }} >= 5 as is_weekend,
        {{ is_public_holiday('date_day') }} as is_public_holiday,
        date_day between first_date and last_date as is_observed
    from started
)

select * from final
