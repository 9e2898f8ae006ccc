{%- set repeated_days = var('windows')['contact_repeated_days'] -%}

with

service_contacts as (
    select * from {{ ref('fct_service_contacts') }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
),

bot_conversations as (
    select * from {{ ref('fct_bot_conversations') }}
),

survey_responses as (
    select * from {{ ref('fct_survey_responses') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

-- The last answer about a ticket, and what was said at the end of a conversation with the bot.
opinions as (
    select
        {{ surrogate_key(["'service_contact'", "'ticket'", 'ticket_id']) }} as service_contact_id,
        {{ latest_value('score', 'responded_at') }} >= 4 as is_satisfied
    from survey_responses
    where
        survey = 'csat'
        and score is not null
        and ticket_id is not null
    group by ticket_id

    union all

    select
        {{ surrogate_key(["'service_contact'", "'bot_conversation'", 'bot_conversation_id']) }} as service_contact_id,
        is_helpful as is_satisfied
    from bot_conversations
    where is_helpful is not null
),

-- Of a contact whose subject is not known, such as a call nobody answered, any other may be the repetition.
repeated as (
    select distinct service_contacts.service_contact_id
    from service_contacts
    inner join service_contacts as later_contacts
        on
            service_contacts.customer_id = later_contacts.customer_id
            and service_contacts.contacted_at < later_contacts.contacted_at
            and service_contacts.contacted_at + interval {{ repeated_days }} day >= later_contacts.contacted_at
            and coalesce(service_contacts.topic, later_contacts.topic, 'unknown')
            = coalesce(later_contacts.topic, service_contacts.topic, 'unknown')
    where service_contacts.customer_id <> 'unknown'
),

judged as (
    select
        service_contacts.contacted_date,
        service_contacts.channel,
        service_contacts.customer_id <> 'unknown' as is_identified,
        service_contacts.customer_id <> 'unknown'
        and service_contacts.contacted_at + interval {{ repeated_days }} day <= {{ data_end_at() }} as is_mature,
        service_contacts.outcome in ('abandoned', 'left') as is_given_up,
        repeated.service_contact_id is null
        and coalesce(tickets.replies_after_solved, 0) = 0
        and coalesce(tickets.reopened_count, 0) = 0 as is_not_repeated,
        opinions.is_satisfied
    from service_contacts
    left join repeated
        on service_contacts.service_contact_id = repeated.service_contact_id
    left join tickets
        on
            service_contacts.ticket_id = tickets.ticket_id
            and service_contacts.contact_kind = 'ticket'
    left join opinions
        on service_contacts.service_contact_id = opinions.service_contact_id
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.period_end,
        date_periods.is_complete,
        judged.channel,
        count(*) as contacts,
        count(case when judged.is_identified then 1 end) as identified_contacts,
        count(case when judged.is_mature then 1 end) as contacts_mature,
        count(case when judged.is_mature and judged.is_given_up then 1 end) as given_up,
        count(case when judged.is_mature and judged.is_not_repeated then 1 end) as no_repeat,
        count(case when judged.is_mature and judged.is_satisfied is not null then 1 end) as surveyed,
        count(case when judged.is_mature and judged.is_not_repeated and judged.is_satisfied then 1 end)
            as satisfied_no_repeat
    from judged
    inner join date_periods
        on judged.contacted_date = date_periods.date_day
    group by
        date_periods.period, date_periods.period_start, date_periods.period_end, date_periods.is_complete,
        judged.channel
),

matured as (
    select
        *,
        {{ matures_at('period_end', repeated_days) }} as matures_at,
        {{ matures_at('period_end', repeated_days) }} <= {{ data_end_at() }} as is_mature
    from counted
),

final as (
    select
        period,
        period_start,
        channel,
        cast(contacts as bigint) as contacts,
        cast(identified_contacts as bigint) as identified_contacts,
        cast(contacts_mature as bigint) as contacts_mature,
        cast(given_up as bigint) as given_up,
        cast(no_repeat as bigint) as no_repeat,
        cast(surveyed as bigint) as surveyed,
        cast(satisfied_no_repeat as bigint) as satisfied_no_repeat,
        cast(identified_contacts as double) / contacts as identified_share,
        case when is_mature and contacts_mature > 0 then cast(no_repeat as double) / contacts_mature end
            as no_repeat_rate,
        case when is_mature and surveyed > 0 then cast(satisfied_no_repeat as double) / surveyed end
            as strict_rate,
        is_complete,
        matures_at,
        contacts_mature >= {{ var('reliability')['min_n'] }} as is_reliable,
        surveyed >= {{ var('reliability')['min_n'] }} as is_strict_rate_reliable
    from matured
)

select * from final
