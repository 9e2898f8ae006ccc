{%- set within_seconds = var('windows')['anonymous_history_days'] * 86400 -%}

-- Whose visit a session was: of the customer who logged in; without a login, of the customer of the device's next one,
-- within the settings' days. Nothing else names an anonymous session, so what follows a login stays unknown until the
-- next. Nothing is carried over to people who share a device: a couple's tablet keeps its visits without login to
-- itself, under its next cookie as well.
with

sessions as (
    select * from {{ ref('int_sessions') }}
),

device_customers as (
    select * from {{ ref('int_device_customers') }}
),

cookie_consents as (
    select * from {{ ref('fct_consents') }}
    where purpose = 'cookies'
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

session_accounts as (
    select
        sessions.session_id,
        sessions.source_system,
        login.source_person_key
    from sessions
    {{ unnest('sessions.source_person_keys', 'login', 'source_person_key') }}
),

logins as (
    select
        session_accounts.session_id,
        max(customer_links.customer_id) as customer_id,
        count(distinct customer_links.customer_id) as customers
    from session_accounts
    left join customer_links
        on
            session_accounts.source_system = customer_links.source_system
            and session_accounts.source_person_key = customer_links.source_person_key
    group by session_accounts.session_id
),

visits as (
    select
        sessions.session_id,
        sessions.device_id_hash,
        sessions.started_at,
        sessions.has_cookie_consent,
        logins.session_id is not null as is_login,
        case when logins.customers = 1 then logins.customer_id end as customer_id,
        min(case when logins.session_id is not null then sessions.started_at end) over (
            partition by sessions.device_id_hash
            order by sessions.started_at, sessions.session_id
            rows between 1 following and unbounded following
        ) as next_login_at
    from sessions
    left join logins on sessions.session_id = logins.session_id
),

-- The device saw one customer, so the next login is theirs. They consent to cookies when they log in (a register dates
-- an account's consent by the day), and the visit was under consent as well: the device says so, or, where it is
-- silent, the register held the consent by then.
carried_over as (
    select distinct
        visits.session_id,
        device_customers.customer_id
    from visits
    inner join device_customers
        on
            visits.device_id_hash = device_customers.device_id_hash
            and not device_customers.is_sharing
    inner join cookie_consents
        on
            device_customers.customer_id = cookie_consents.customer_id
            and {{ local_date('visits.next_login_at') }} >= {{ local_date('cookie_consents.valid_from') }}
            and (cookie_consents.valid_to is null or visits.next_login_at < cookie_consents.valid_to)
    where
        not visits.is_login
        and {{ seconds_between('visits.started_at', 'visits.next_login_at') }} < {{ within_seconds }}
        and coalesce(visits.has_cookie_consent, cookie_consents.valid_from <= visits.started_at)
),

final as (
    select
        visits.session_id,
        coalesce(visits.customer_id, carried_over.customer_id, 'unknown') as customer_id,
        case
            when visits.customer_id is not null then 'login'
            when carried_over.customer_id is not null then 'carried_over'
            else 'unknown'
        end as customer_link
    from visits
    left join carried_over on visits.session_id = carried_over.session_id
)

select * from final
