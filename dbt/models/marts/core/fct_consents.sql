with

consents as (
    select * from {{ ref('int_consents') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

-- `unknown` gathers many people: their intervals are built person by person and only then lose the person.
events as (
    select
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        coalesce(
            customer_links.customer_id,
            consents.source_system || '|' || consents.source_person_key,
            'unknown'
        ) as person,
        consents.purpose,
        consents.status,
        coalesce(consents.basis, 'not stated') as basis,
        coalesce(consents.source, 'not stated') as source,
        consents.occurred_at
    from consents
    left join customer_links
        on
            consents.source_system = customer_links.source_system
            and consents.source_person_key = customer_links.source_person_key
),

-- Of a grant and a withdrawal in the same instant the withdrawal is last, so it holds.
sequenced as (
    select
        *,
        lag(status || '|' || basis || '|' || source) over (
            partition by person, purpose order by occurred_at, status, basis, source
        ) as previous_state
    from events
),

changes as (
    select *
    from sequenced
    where
        previous_state is null
        or previous_state <> status || '|' || basis || '|' || source
),

intervals as (
    select
        *,
        occurred_at as valid_from,
        lead(occurred_at) over (partition by person, purpose order by occurred_at, status, basis, source) as valid_to
    from changes
),

granted as (
    select
        *,
        row_number() over (partition by customer_id, purpose, valid_from order by person) as interval_number
    from intervals
    where
        status = 'granted'
        and (valid_to is null or valid_to > valid_from)
),

final as (
    select
        {{ surrogate_key(['customer_id', 'purpose', 'valid_from', 'interval_number']) }} as consent_id,
        customer_id,
        purpose,
        basis,
        source,
        valid_from,
        valid_to,
        valid_from < {{ data_end_at() }} and (valid_to is null or valid_to >= {{ data_end_at() }}) as is_current
    from granted
)

select * from final
