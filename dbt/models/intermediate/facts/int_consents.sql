with

consent_events as (
    select * from {{ ref('stg_consents__events') }}
),

final as (
    select
        {{ surrogate_key(["'consent'", 'consent_event_id']) }} as consent_id,
        'consents' as source_system,
        source_person_key,
        purpose,
        status,
        basis,
        collected_in as source,
        occurred_at
    from consent_events
)

select * from final
