-- People reached by e-mail and SMS together are at most those of either channel added, and at least those of the larger.
with

reached as (
    select distinct
        date_periods.period,
        date_periods.period_start,
        messages.channel,
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
        sum(case when channel = 'email' then 1 else 0 end) as email_people,
        sum(case when channel = 'sms' then 1 else 0 end) as sms_people
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
where
    combined.delivered is null
    or combined.delivered > people.email_people + people.sms_people
    or combined.delivered < greatest(people.email_people, people.sms_people)
