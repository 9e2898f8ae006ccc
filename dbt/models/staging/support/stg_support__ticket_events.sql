with

tickets as (
    select * from {{ ref('base_support__tickets') }}
),

final as (
    select
        tickets.id as ticket_id,
        ticket_event.event.id as event_id,
        ticket_event.event.type as event_type,
        ticket_event.event.author_role as author_role,
        ticket_event.event.public as is_public,
        case when ticket_event.event.type = 'status_change' then lower(ticket_event.event.value) end as new_status,
        {{ iso_timestamp('ticket_event.event.' ~ adapter.quote('at')) }} as occurred_at
    from tickets
    {{ unnest('tickets.events', 'ticket_event', 'event') }}
)

select * from final
