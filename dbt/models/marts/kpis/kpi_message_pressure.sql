{%- set max_per_week = var('messages')['max_per_week'] -%}
{%- set bands = var('messages')['bands'] -%}

with

messages as (
    select * from {{ ref('fct_messages') }}
),

relaunches as (
    select * from {{ ref('fct_cart_relaunches') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

-- One line per source: every commercial message that reached somebody.
received as (
    select
        customer_id,
        channel,
        sent_date,
        case when unsubscribed_at is not null then 1 else 0 end as is_unsubscribed
    from messages
    where
        message_type = 'marketing'
        and delivered_at is not null

    union all

    select
        customer_id,
        channel,
        {{ local_date('sent_at') }} as sent_date,
        0 as is_unsubscribed
    from relaunches
    where sent_at is not null
),

person_weeks as (
    select
        customer_id,
        {{ period_start('week', 'sent_date') }} as week_start,
        count(*) as messages,
        count(distinct channel) as channels,
        max(is_unsubscribed) as is_unsubscribed
    from received
    group by customer_id, {{ period_start('week', 'sent_date') }}
),

banded as (
    select
        *,
        case
            {%- for high in bands %}
                {%- set low = 1 if loop.first else bands[loop.index0 - 1] + 1 %}
                when messages <= {{ high }} then '{{ high if low == high else low ~ '-' ~ high }}'
            {%- endfor %}
            else '{{ bands[-1] + 1 }}+'
        end as pressure_band
    from person_weeks
),

-- Messages to nobody known have no person to be too many for.
shown as (
    select
        banded.*,
        pressure_band as shown_band
    from banded
    where customer_id <> 'unknown'

    union all

    select
        banded.*,
        'all' as shown_band
    from banded
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        shown.shown_band as pressure_band,
        count(case when shown.customer_id <> 'unknown' then 1 end) as person_weeks,
        count(distinct case when shown.customer_id <> 'unknown' then shown.customer_id end) as people,
        sum(case when shown.customer_id <> 'unknown' then shown.messages else 0 end) as messages,
        sum(case when shown.customer_id = 'unknown' then shown.messages else 0 end) as messages_to_unknown,
        count(case when shown.customer_id <> 'unknown' and shown.channels > 1 then 1 end)
            as person_weeks_in_several_channels,
        count(case when shown.customer_id <> 'unknown' and shown.messages > {{ max_per_week }} then 1 end)
            as person_weeks_above,
        sum(case when shown.customer_id <> 'unknown' then shown.is_unsubscribed else 0 end) as unsubscribed
    from shown
    inner join date_periods
        on shown.week_start = date_periods.date_day
    group by date_periods.period, date_periods.period_start, date_periods.is_complete, shown.shown_band
),

final as (
    select
        period,
        period_start,
        pressure_band,
        cast(person_weeks as bigint) as person_weeks,
        cast(people as bigint) as people,
        cast(messages as bigint) as messages,
        case when pressure_band = 'all' then cast(messages_to_unknown as bigint) end as messages_to_unknown,
        cast(person_weeks_in_several_channels as bigint) as person_weeks_in_several_channels,
        cast(person_weeks_above as bigint) as person_weeks_above,
        cast(unsubscribed as bigint) as unsubscribed,
        case when pressure_band = 'all' then cast(messages as double) / nullif(messages + messages_to_unknown, 0) end
            as identified_share,
        cast(messages as double) / nullif(person_weeks, 0) as messages_per_person_week,
        cast(person_weeks_above as double) / nullif(person_weeks, 0) as above_share,
        cast(unsubscribed as double) / nullif(person_weeks, 0) as unsubscribe_rate,
        is_complete,
        person_weeks >= {{ var('reliability')['min_n'] }} as is_reliable
    from counted
)

select * from final
