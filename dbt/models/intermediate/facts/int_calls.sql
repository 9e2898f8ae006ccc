-- Who called is told best by the ticket opened in the call, else by the number.
with

calls as (
    select * from {{ ref('stg_calls__calls') }}
),

tickets as (
    select
        ticket_id,
        source_system,
        source_person_key
    from {{ ref('int_tickets') }}
),

final as (
    select
        {{ surrogate_key(["'call'", 'calls.call_id']) }} as call_id,
        case when tickets.source_person_key is not null then tickets.source_system else 'calls' end as source_system,
        coalesce(tickets.source_person_key, calls.source_person_key) as source_person_key,
        calls.queue,
        calls.offered_at,
        {{ local_date('calls.offered_at') }} as offered_date,
        calls.answered_at,
        calls.ended_at,
        calls.outcome = 'answered' as is_answered,
        calls.wait_seconds,
        calls.talk_seconds,
        calls.transferred_to is not null as is_transferred,
        tickets.ticket_id
    from calls
    left join tickets on {{ ticket_key('calls.ticket_id') }} = tickets.ticket_id
)

select * from final
