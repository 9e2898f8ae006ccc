with

tickets as (
    select * from {{ ref('stg_support__tickets') }}
),

ticket_events as (
    select * from {{ ref('stg_support__ticket_events') }}
),

orders as (
    select order_id from {{ ref('int_orders') }}
),

status_changes as (
    select
        ticket_id,
        new_status,
        occurred_at,
        lag(new_status) over (partition by ticket_id order by occurred_at, event_id) as previous_status,
        lead(occurred_at) over (partition by ticket_id order by occurred_at, event_id) as next_change_at
    from ticket_events
    where new_status is not null
),

-- Closing what is solved is neither a new solution nor a reopening. While a ticket is pending it waits on the customer.
status_history as (
    select
        ticket_id,
        max(
            case
                when
                    new_status in ('solved', 'closed')
                    and coalesce(previous_status, 'open') not in ('solved', 'closed')
                    then occurred_at
            end
        ) as last_solved_at,
        min(case when new_status in ('solved', 'closed') then occurred_at end) as first_solved_at,
        count(
            case when previous_status in ('solved', 'closed') and new_status not in ('solved', 'closed') then 1 end
        ) as reopened_count,
        sum(
            case
                when new_status = 'pending'
                    then {{ seconds_between(
                        'occurred_at', 'coalesce(next_change_at, greatest(occurred_at, ' ~ data_end_at() ~ '))'
                    ) }}
            end
        ) / 3600.0 as waiting_hours
    from status_changes
    group by ticket_id
),

-- What a customer says while the ticket counts as solved; the reply that reopens it bears the reopening's time at most.
replies_on_solved as (
    select
        ticket_events.ticket_id,
        count(*) as replies_after_solved
    from ticket_events
    inner join status_changes
        on
            ticket_events.ticket_id = status_changes.ticket_id
            and ticket_events.occurred_at > status_changes.occurred_at
            and ticket_events.occurred_at <= coalesce(status_changes.next_change_at, {{ data_end_at() }})
    where ticket_events.event_type = 'customer_reply' and status_changes.new_status in ('solved', 'closed')
    group by ticket_events.ticket_id
),

conversations as (
    select
        ticket_id,
        min(case when event_type = 'public_reply' and author_role = 'agent' then occurred_at end) as first_reply_at,
        count(case when event_type = 'public_reply' and author_role = 'agent' then 1 end) as replies,
        count(case when event_type = 'customer_reply' then 1 end) as customer_replies
    from ticket_events
    group by ticket_id
),

merged as (
    select
        tickets.ticket_id as support_ticket_id,
        tickets.requester_id as source_person_key,
        tickets.channel,
        tickets.topic,
        tickets.priority,
        tickets.store_code,
        tickets.order_reference,
        tickets.created_at,
        conversations.first_reply_at,
        tickets.status not in ('solved', 'closed') as is_open,
        case
            when tickets.status in ('solved', 'closed') then coalesce(status_history.last_solved_at, tickets.updated_at)
        end as solved_at,
        status_history.first_solved_at,
        tickets.first_seen_date,
        tickets.solved_seen_date,
        coalesce(status_history.reopened_count, 0) as reopened_count,
        coalesce(conversations.replies, 0) as replies,
        1 + coalesce(conversations.customer_replies, 0) as contacts,
        coalesce(replies_on_solved.replies_after_solved, 0) as replies_after_solved,
        coalesce(status_history.waiting_hours, 0) as waiting_hours
    from tickets
    left join status_history on tickets.ticket_id = status_history.ticket_id
    left join conversations on tickets.ticket_id = conversations.ticket_id
    left join replies_on_solved on tickets.ticket_id = replies_on_solved.ticket_id
),

final as (
    select
        {{ ticket_key('merged.support_ticket_id') }} as ticket_id,
        'support' as source_system,
        merged.source_person_key,
        merged.channel,
        merged.topic,
        merged.priority,
        merged.store_code,
        orders.order_id,
        merged.created_at,
        {{ local_date('merged.created_at') }} as created_date,
        merged.first_reply_at,
        merged.solved_at,
        merged.first_solved_at,
        merged.first_seen_date,
        merged.solved_seen_date,
        coalesce(
            merged.solved_at + interval {{ var('windows')['ticket_solved_days'] }} day <= {{ data_end_at() }}, false
        ) as is_resolved,
        merged.reopened_count,
        merged.replies,
        merged.contacts,
        merged.replies_after_solved,
        merged.is_open,
        {{ seconds_between('merged.created_at', 'merged.first_reply_at') }} / 3600.0 as hours_to_first_reply,
        {{ seconds_between('merged.created_at', 'merged.solved_at') }} / 3600.0 as hours_to_resolution,
        merged.waiting_hours
    from merged
    left join orders on {{ order_key('merged.order_reference') }} = orders.order_id
)

select * from final
