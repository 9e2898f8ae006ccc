with

calls as (
    select * from {{ ref('int_calls') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        calls.call_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        calls.source_system,
        calls.queue,
        calls.offered_at,
        calls.offered_date,
        calls.answered_at,
        calls.ended_at,
        calls.is_answered,
        cast(calls.wait_seconds as bigint) as wait_seconds,
        cast(calls.talk_seconds as bigint) as talk_seconds,
        calls.is_transferred,
        calls.ticket_id
    from calls
    left join customer_links
        on
            calls.source_system = customer_links.source_system
            and calls.source_person_key = customer_links.source_person_key
)

select * from final
