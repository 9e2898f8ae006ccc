{%- set contact_columns = 'source_system, source_person_key, channel, topic, contacted_at, ticket_id, outcome' %}

-- One line per source in `contacts`. A call answered about a question is its ticket, one without a ticket an order; a
-- conversation handed over is a contact with the bot, and the ticket one with a person.
with

tickets as (
    select
        'ticket' as contact_kind,
        ticket_id as contact_reference,
        source_system,
        source_person_key,
        channel,
        topic,
        created_at as contacted_at,
        ticket_id,
        case when is_open then 'open' else 'solved' end as outcome
    from {{ ref('int_tickets') }}
),

calls as (
    select
        'call' as contact_kind,
        call_id as contact_reference,
        source_system,
        source_person_key,
        'phone' as channel,
        cast(null as {{ text_type() }}) as topic,
        offered_at as contacted_at,
        ticket_id,
        'abandoned' as outcome
    from {{ ref('int_calls') }}
    where not is_answered
),

bot_conversations as (
    select
        'bot_conversation' as contact_kind,
        bot_conversation_id as contact_reference,
        source_system,
        source_person_key,
        'bot' as channel,
        topic,
        started_at as contacted_at,
        ticket_id,
        outcome
    from {{ ref('int_bot_conversations') }}
),

contacts as (
    select {{ contact_columns }}, contact_kind, contact_reference from tickets
    union all
    select {{ contact_columns }}, contact_kind, contact_reference from calls
    union all
    select {{ contact_columns }}, contact_kind, contact_reference from bot_conversations
),

final as (
    select
        {{ surrogate_key(["'service_contact'", 'contact_kind', 'contact_reference']) }} as service_contact_id,
        source_system,
        source_person_key,
        contact_kind,
        channel,
        topic,
        contacted_at,
        {{ local_date('contacted_at') }} as contacted_date,
        ticket_id,
        outcome
    from contacts
)

select * from final
