-- E-mail and SMS together count each person reached once: as many as there are in the messages, no more.
with

reached as (
    select
        date_periods.period,
        date_periods.period_start,
        messages.customer_id
    from {{ ref('fct_messages') }} as messages
    inner join {{ ref('bridge_date_periods') }} as date_periods
        on messages.sent_date = date_periods.date_day
    where
        messages.message_type = 'marketing'
        and messages.customer_id <> 'unknown'
        and coalesce(
            messages.delivered_at, messages.first_opened_at, messages.clicked_at, messages.unsubscribed_at
        ) is not null
),

people as (
    select
        period,
        period_start,
        count(distinct customer_id) as people
    from reached
    group by period, period_start
),

combined as (
    select
        period,
        period_start,
        sum(delivered) as delivered
    from {{ ref('kpi_message_engagement') }}
    where channel = 'combined'
    group by period, period_start
)

select people.*
from people
left join combined
    on
        people.period = combined.period
        and people.period_start = combined.period_start
where combined.delivered is distinct from people.people
