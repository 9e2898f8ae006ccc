with

customer_history as (
    select * from {{ source('identity', 'customer_history') }}
),

-- The ledger may hold the same event twice on one day (merged, reverted, merged again).
numbered as (
    select
        *,
        row_number() over (
            partition by customer_id, event, other_customer_id, {{ adapter.quote('at') }} order by reason
        ) as occurrence
    from customer_history
),

final as (
    select
        {{ surrogate_key(['customer_id', 'event', 'other_customer_id', adapter.quote('at'), 'occurrence']) }}
            as customer_event_id,
        customer_id,
        event,
        other_customer_id,
        cast({{ adapter.quote('at') }} as date) as {{ adapter.quote('at') }},
        reason
    from numbered
)

select * from final
