-- Before identity resolution, the plain evidence that a web or shop record and another record are one person's: an
-- e-mail, account, card or phone they share. Two rules need it that early: which session a click opened, and which
-- order ended a cart. A key that more than a dozen records bear (a shared mailbox) proves nothing.
{%- set most_records = 12 %}

with

records as (
    select * from {{ ref('int_customer_records') }}
),

record_keys as (
    select
        records.source_system,
        records.source_person_key,
        'email' as key_type,
        lower(bearer.key_value) as key_value
    from records
    {{ unnest('records.emails', 'bearer', 'key_value') }}
    union
    select
        records.source_system,
        records.source_person_key,
        'account' as key_type,
        bearer.key_value
    from records
    {{ unnest('records.web_accounts', 'bearer', 'key_value') }}
    union
    select
        records.source_system,
        records.source_person_key,
        'card' as key_type,
        bearer.key_value
    from records
    {{ unnest('records.loyalty_cards', 'bearer', 'key_value') }}
    union
    -- National and international spellings of a number share their last nine digits.
    select
        records.source_system,
        records.source_person_key,
        'phone' as key_type,
        right({{ digits_of('bearer.key_value') }}, 9) as key_value
    from records
    {{ unnest('records.phones', 'bearer', 'key_value') }}
    where length({{ digits_of('bearer.key_value') }}) >= 9
),

telling_keys as (
    select
        key_type,
        key_value
    from record_keys
    group by key_type, key_value
    having count(*) between 2 and {{ most_records }}
),

telling_record_keys as (
    select record_keys.*
    from record_keys
    inner join telling_keys
        on record_keys.key_type = telling_keys.key_type and record_keys.key_value = telling_keys.key_value
),

-- A web account and the shop's account of the same name are one key in two systems: two hops reach its e-mails. What
-- either hop reaches bears one of these keys.
reached_keys as (
    select distinct
        own.source_system,
        own.source_person_key,
        reached.key_type,
        reached.key_value
    from telling_record_keys as own
    inner join telling_record_keys as other
        on own.key_type = other.key_type and own.key_value = other.key_value
    inner join telling_record_keys as reached
        on
            other.source_system = reached.source_system
            and other.source_person_key = reached.source_person_key
    where own.source_system in ('web', 'shop')
),

final as (
    select
        reached_keys.source_system,
        reached_keys.source_person_key,
        bearers.source_system as related_source_system,
        bearers.source_person_key as related_source_person_key
    from reached_keys
    inner join telling_record_keys as bearers
        on reached_keys.key_type = bearers.key_type and reached_keys.key_value = bearers.key_value
    union
    select
        source_system,
        source_person_key,
        source_system as related_source_system,
        source_person_key as related_source_person_key
    from records
    where source_system in ('web', 'shop')
)

select * from final
