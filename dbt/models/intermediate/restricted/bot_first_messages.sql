with

first_messages as (
    select * from {{ ref('stg_bot__first_messages') }}
),

final as (
    select
        {{ surrogate_key(["'bot_conversation'", 'conversation_id']) }} as bot_conversation_id,
        first_message
    from first_messages
)

select * from final
