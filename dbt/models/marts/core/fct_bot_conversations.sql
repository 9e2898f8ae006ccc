with

conversations as (
    select * from {{ ref('int_bot_conversations') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        conversations.bot_conversation_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        conversations.source_system,
        conversations.surface,
        conversations.topic,
        conversations.started_at,
        conversations.started_date,
        conversations.ended_at,
        cast(conversations.turns as bigint) as turns,
        conversations.outcome,
        conversations.is_helpful,
        conversations.ticket_id
    from conversations
    left join customer_links
        on
            conversations.source_system = customer_links.source_system
            and conversations.source_person_key = customer_links.source_person_key
)

select * from final
