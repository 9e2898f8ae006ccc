with

messages as (
    select * from {{ ref('int_messages') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        messages.message_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        messages.source_system,
        messages.channel,
        messages.message_type,
        messages.campaign_id,
        messages.sent_at,
        messages.sent_date,
        messages.delivered_at,
        messages.first_opened_at,
        messages.first_human_opened_at,
        messages.is_machine_open,
        messages.clicked_at,
        messages.is_human_click,
        messages.unsubscribed_at,
        messages.bounce_kind
    from messages
    left join customer_links
        on
            messages.source_system = customer_links.source_system
            and messages.source_person_key = customer_links.source_person_key
)

select * from final
