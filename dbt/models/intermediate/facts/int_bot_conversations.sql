with

conversations as (
    select * from {{ ref('stg_bot__conversations') }}
),

tickets as (
    select ticket_id from {{ ref('int_tickets') }}
),

final as (
    select
        {{ surrogate_key(["'bot_conversation'", 'conversations.conversation_id']) }} as bot_conversation_id,
        'web' as source_system,
        conversations.web_account as source_person_key,
        conversations.surface,
        conversations.intent as topic,
        conversations.started_at,
        {{ local_date('conversations.started_at') }} as started_date,
        conversations.ended_at,
        conversations.turns,
        conversations.outcome,
        conversations.is_helpful,
        tickets.ticket_id
    from conversations
    left join tickets on {{ ticket_key('conversations.ticket_id') }} = tickets.ticket_id
)

select * from final
