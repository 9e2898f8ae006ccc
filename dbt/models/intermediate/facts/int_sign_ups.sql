-- One line per kind of sign-up in `sign_ups`: a source's earliest sign of a person is their sign-up.
with

app_sessions as (
    select
        source_system,
        source_person_key,
        min(started_at) as first_started_at
    from {{ ref('int_sessions') }}
    where platform <> 'web' and source_person_key is not null
    group by source_system, source_person_key
),

sign_ups as (
    select
        'account' as sign_up_type,
        'web' as source_system,
        customer_account as source_person_key,
        created_at as signed_up_at,
        cast(null as {{ text_type() }}) as store_code
    from {{ ref('stg_shop__customers') }}
    union all
    select
        'loyalty' as sign_up_type,
        'loyalty' as source_system,
        card_number as source_person_key,
        {{ utc_timestamp('cast(joined_on as timestamp)') }} as signed_up_at,
        join_store as store_code
    from {{ ref('stg_loyalty__members') }}
    union all
    select
        'app' as sign_up_type,
        source_system,
        source_person_key,
        first_started_at as signed_up_at,
        cast(null as {{ text_type() }}) as store_code
    from app_sessions
),

final as (
    select
        {{ surrogate_key(["'sign_up'", 'sign_up_type', 'source_system', 'source_person_key']) }} as sign_up_id,
        source_system,
        source_person_key,
        sign_up_type,
        signed_up_at,
        {{ local_date('signed_up_at') }} as signed_up_date,
        store_code
    from sign_ups
    where signed_up_at is not null
)

select * from final
