with

tickets as (
    select * from {{ ref('int_tickets') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        tickets.ticket_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        tickets.source_system,
        tickets.channel,
        tickets.topic,
        tickets.priority,
        tickets.store_code,
        tickets.order_id,
        tickets.created_at,
        tickets.created_date,
        tickets.first_reply_at,
        tickets.solved_at,
        tickets.is_resolved,
        cast(tickets.reopened_count as bigint) as reopened_count,
        cast(tickets.replies as bigint) as replies,
        cast(tickets.contacts as bigint) as contacts,
        cast(tickets.replies_after_solved as bigint) as replies_after_solved,
        tickets.is_open,
        cast(tickets.hours_to_first_reply as double) as hours_to_first_reply,
        cast(tickets.hours_to_resolution as double) as hours_to_resolution,
        cast(tickets.waiting_hours as double) as waiting_hours
    from tickets
    left join customer_links
        on
            tickets.source_system = customer_links.source_system
            and tickets.source_person_key = customer_links.source_person_key
)

select * from final
