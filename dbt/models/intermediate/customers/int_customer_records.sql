-- One line per source in `sightings`: a new channel adds its own, with `customer_record` naming what it knows.
with

messaging_recipients as (
    select
        source_person_key,
        min(arrival_date) as first_arrival,
        max(arrival_date) as last_arrival,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from {{ ref('stg_messaging__events') }}
    group by source_person_key
),

web_users as (
    select
        user_id,
        min(arrival_date) as first_arrival,
        max(arrival_date) as last_arrival,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from {{ ref('stg_web__events') }}
    where user_id is not null
    group by user_id
),

till_customers as (
    select
        source_system,
        source_person_key,
        min(arrival_date) as first_arrival,
        max(arrival_date) as last_arrival,
        min(sold_at) as first_at,
        max(sold_at) as last_at
    from {{ ref('stg_pos__ticket_lines') }}
    where source_person_key is not null
    group by source_system, source_person_key
),

loyalty_cards_used as (
    select
        card_number,
        min(arrival_date) as first_arrival,
        max(arrival_date) as last_arrival,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at
    from {{ ref('stg_loyalty__events') }}
    group by card_number
),

survey_invitees as (
    select
        source_person_key,
        min(first_seen_date) as first_arrival,
        max(last_seen_date) as last_arrival,
        min(invited_at) as first_at,
        max(coalesce(responded_at, invited_at)) as last_at,
        {{ latest_value('language', 'invited_at') }} as language
    from {{ ref('stg_survey__responses') }}
    where source_person_key is not null
    group by source_person_key
),

contacts as (
    select
        *,
        {{ array_union(array_of(['email']), 'additional_emails') }} as emails,
        {{ array_of(['phone', 'mobile_phone']) }} as phones
    from {{ ref('stg_crm__contacts') }}
),

shop_orders as (
    select
        *,
        {{ array_of(['phone', 'shipping_phone']) }} as phones,
        {{ dbt.split_part('billing_name', "' '", 1) }} as first_name,
        case
            when billing_name like '% %'
                then substr(billing_name, length({{ dbt.split_part('billing_name', "' '", 1) }}) + 2)
        end as last_name
    from {{ ref('stg_shop__orders') }}
    where source_person_key is not null
),

customer_accounts as (
    select
        *,
        {{ array_of(['phone', 'address_phone']) }} as phones
    from {{ ref('stg_shop__customers') }}
),

tickets as (
    select
        *,
        {{ dbt.split_part('requester_name', "' '", 1) }} as first_name,
        case
            when requester_name like '% %'
                then substr(requester_name, length({{ dbt.split_part('requester_name', "' '", 1) }}) + 2)
        end as last_name
    from {{ ref('stg_support__tickets') }}
    where requester_id is not null
),

sightings as (
    select
        {{ customer_record(
            'crm', 'record_id', 'last_seen_date', 'created_at', 'modified_at', first_seen_date='first_seen_date',
            first_name='first_name', last_name='last_name', emails='emails', phones='phones',
            loyalty_card='loyalty_card', birth_date='birth_date', gender='gender', street='street', city='city',
            postal_code='postal_code', country='country', language='preferred_language'
        ) }}
    from contacts
    union all
    select
        {{ customer_record(
            'shop', 'source_person_key', 'last_seen_date', 'ordered_at', 'ordered_at',
            first_seen_date='first_seen_date', first_name='first_name', last_name='last_name', email='email',
            phones='phones', loyalty_card='loyalty_card', web_account='customer_account', street='billing_street',
            city='billing_city', postal_code='billing_postal_code', country='billing_country'
        ) }}
    from shop_orders
    union all
    select
        {{ customer_record(
            'shop', 'source_person_key', 'last_seen_date', 'created_at', 'created_at',
            first_seen_date='first_seen_date', email='email', phone='phone', web_account='customer_account'
        ) }}
    from {{ ref('stg_shop__checkouts') }}
    where source_person_key is not null
    union all
    select
        {{ customer_record(
            'loyalty', 'card_number', 'last_seen_date', 'joined_on', 'snapshot_on', first_seen_date='first_seen_date',
            first_name='first_name', last_name='last_name', email='email', phone='phone', loyalty_card='card_number',
            web_account='web_account', birth_date='birth_date', gender='gender', city='city',
            postal_code='postal_code'
        ) }}
    from {{ ref('stg_loyalty__members') }}
    union all
    select
        {{ customer_record(
            'loyalty', 'card_number', 'last_arrival', 'first_at', 'last_at', first_seen_date='first_arrival',
            loyalty_card='card_number'
        ) }}
    from loyalty_cards_used
    union all
    select
        {{ customer_record(
            'loyalty', 'source_person_key', 'last_arrival', 'first_at', 'last_at', first_seen_date='first_arrival',
            loyalty_card='source_person_key'
        ) }}
    from till_customers
    where source_system = 'loyalty'
    union all
    select
        {{ customer_record(
            'pos', 'source_person_key', 'last_arrival', 'first_at', 'last_at', first_seen_date='first_arrival',
            email=value_of_key('source_person_key', 'email')
        ) }}
    from till_customers
    where source_system = 'pos'
    union all
    select
        {{ customer_record(
            'web', 'user_id', 'last_arrival', 'first_at', 'last_at', first_seen_date='first_arrival',
            web_account='user_id'
        ) }}
    from web_users
    union all
    select
        {{ customer_record(
            'web', 'customer_account', 'last_seen_date', 'created_at', 'updated_at',
            first_seen_date='first_seen_date', first_name='first_name', last_name='last_name', email='email',
            phones='phones', web_account='customer_account', street='street', city='city',
            postal_code='postal_code', country='country'
        ) }}
    from customer_accounts
    union all
    select
        {{ customer_record(
            'messaging', 'source_person_key', 'last_arrival', 'first_at', 'last_at', first_seen_date='first_arrival',
            email=value_of_key('source_person_key', 'email'), phone=value_of_key('source_person_key', 'phone')
        ) }}
    from messaging_recipients
    union all
    select
        {{ customer_record(
            'support', 'requester_id', 'last_seen_date', 'created_at', 'updated_at',
            first_seen_date='first_seen_date', first_name='first_name', last_name='last_name',
            email='requester_email', phone='requester_phone', web_account='requester_web_account'
        ) }}
    from tickets
    union all
    select
        {{ customer_record(
            'survey', 'source_person_key', 'last_arrival', 'first_at', 'last_at', first_seen_date='first_arrival',
            email=value_of_key('source_person_key', 'email'), language='language'
        ) }}
    from survey_invitees
    union all
    select
        {{ customer_record(
            'consents', 'source_person_key', 'arrival_date', 'occurred_at', 'occurred_at', email='email',
            phone='phone', loyalty_card='loyalty_card', web_account='web_account'
        ) }}
    from {{ ref('stg_consents__events') }}
    where source_person_key is not null
    union all
    select
        {{ customer_record(
            'web', 'unit_id', 'arrival_date', 'exposed_at', 'exposed_at', web_account='unit_id'
        ) }}
    from {{ ref('stg_experiments__exposures') }}
    where unit_type = 'web_account' and unit_id is not null
    union all
    select
        {{ customer_record(
            'messaging', person_key(email='unit_id'), 'arrival_date', 'exposed_at', 'exposed_at', email='unit_id'
        ) }}
    from {{ ref('stg_experiments__exposures') }}
    where unit_type = 'email' and unit_id is not null
),

-- The latest value per attribute; of values as late as each other the greatest, so that the order of rows is nothing.
final as (
    select
        source_system,
        source_person_key,
        min(first_seen_date) as first_seen_date,
        max(last_seen_date) as last_seen_date,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        {{ latest_value('first_name', 'last_seen_at') }} as first_name,
        {{ latest_value('last_name', 'last_seen_at') }} as last_name,
        {{ latest_value('birth_date', 'last_seen_at') }} as birth_date,
        {{ latest_value('gender', 'last_seen_at') }} as gender,
        {{ latest_value('street', 'last_seen_at') }} as street,
        {{ latest_value('city', 'last_seen_at') }} as city,
        {{ latest_value('postal_code', 'last_seen_at') }} as postal_code,
        {{ latest_value('country', 'last_seen_at') }} as country,
        {{ latest_value('language', 'last_seen_at') }} as language,
        {{ array_union_agg('emails') }} as emails,
        {{ array_union_agg('phones') }} as phones,
        {{ array_union_agg('loyalty_cards') }} as loyalty_cards,
        {{ array_union_agg('web_accounts') }} as web_accounts
    from sightings
    group by source_system, source_person_key
)

select * from final
