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
        coalesce(email, {{ array_first('additional_emails') }}) as main_email,
        {{ array_union(array_of(['email']), 'additional_emails') }} as emails,
        coalesce(mobile_phone, phone) as main_phone,
        {{ array_of(['phone', 'mobile_phone']) }} as phones
    from {{ ref('stg_crm__contacts') }}
),

-- A marketplace gives a relay address of its own, which tells orders apart but is nobody's mailbox.
shop_orders as (
    select
        *,
        case when sales_channel <> 'marketplace' then email end as main_email,
        {{ array_of(['email']) }} as emails,
        coalesce(phone, shipping_phone) as main_phone,
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
        coalesce(phone, address_phone) as main_phone,
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

callers as (
    select
        source_person_key,
        min(arrival_date) as first_arrival,
        max(arrival_date) as last_arrival,
        min(offered_at) as first_at,
        max(offered_at) as last_at
    from {{ ref('stg_calls__calls') }}
    where source_person_key is not null
    group by source_person_key
),

bot_users as (
    select
        web_account,
        min(arrival_date) as first_arrival,
        max(arrival_date) as last_arrival,
        min(started_at) as first_at,
        max(started_at) as last_at
    from {{ ref('stg_bot__conversations') }}
    where web_account is not null
    group by web_account
),

sightings as (
    select
        {{ customer_record(
            'crm', 'record_id', 'last_seen_date', 'created_at', 'modified_at', first_seen_date='first_seen_date',
            first_name='first_name', last_name='last_name', email='main_email', emails='emails', phone='main_phone',
            phones='phones', loyalty_card='loyalty_card', birth_date='birth_date', gender='gender', street='street',
            city='city', postal_code='postal_code', country='country', language='preferred_language',
            dated=['name', 'birth_date', 'gender', 'address', 'language', 'email', 'phone', 'loyalty_card']
        ) }}
    from contacts
    union all
    select
        {{ customer_record(
            'shop', 'source_person_key', 'last_seen_date', 'ordered_at', 'ordered_at',
            first_seen_date='first_seen_date', first_name='first_name', last_name='last_name',
            email='main_email', emails='emails', phone='main_phone', phones='phones', loyalty_card='loyalty_card',
            web_account='customer_account', street='billing_street', city='billing_city',
            postal_code='billing_postal_code', country='billing_country'
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
            postal_code='postal_code', said_at='joined_on',
            dated=['name', 'birth_date', 'gender', 'address', 'email', 'phone', 'web_account']
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
            'web', 'web_account', 'last_arrival', 'first_at', 'last_at', first_seen_date='first_arrival',
            web_account='web_account'
        ) }}
    from bot_users
    union all
    select
        {{ customer_record(
            'calls', 'source_person_key', 'last_arrival', 'first_at', 'last_at', first_seen_date='first_arrival',
            phone=value_of_key('source_person_key', 'phone')
        ) }}
    from callers
    union all
    select
        {{ customer_record(
            'web', 'customer_account', 'last_seen_date', 'created_at', 'updated_at',
            first_seen_date='first_seen_date', first_name='first_name', last_name='last_name', email='email',
            phone='main_phone', phones='phones', web_account='customer_account', street='street', city='city',
            postal_code='postal_code', country='country', dated=['name', 'address', 'email', 'phone']
        ) }}
    from customer_accounts
    union all
    select
        {{ customer_record(
            'messaging', 'source_person_key', 'last_arrival', 'first_at', 'last_at', first_seen_date='first_arrival',
            email=value_of_key('source_person_key', 'email'), phone=value_of_key('source_person_key', 'phone'),
            said_at='first_at'
        ) }}
    from messaging_recipients
    union all
    select
        {{ customer_record(
            'support', 'requester_id', 'last_seen_date', 'created_at', 'updated_at',
            first_seen_date='first_seen_date', first_name='first_name', last_name='last_name',
            email='requester_email', phone='requester_phone', web_account='requester_web_account',
            said_at='created_at'
        ) }}
    from tickets
    union all
    select
        {{ customer_record(
            'survey', 'source_person_key', 'last_arrival', 'first_at', 'last_at', first_seen_date='first_arrival',
            email=value_of_key('source_person_key', 'email'), language='language', said_at='first_at'
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

weighed as (
    select
        *,
        {{ name_wholeness() }} as name_wholeness,
        {{ joined_text(['last_name', 'first_name']) }} as full_name,
        {{ address_wholeness() }} as address_wholeness,
        {{ joined_text(['postal_code', 'city', 'street', 'country']) }} as full_address
    from sightings
),

-- The latest value per attribute, a name and an address as one: whole before in part. Of values as late as each other
-- the greatest, so that the order of rows is nothing.
final as (
    select
        source_system,
        source_person_key,
        min(first_seen_date) as first_seen_date,
        max(last_seen_date) as last_seen_date,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        {%- for column in ['first_name', 'last_name', 'name_said_at'] %}
            {{ latest_value(column, 'name_wholeness, name_said_at, full_name') }} as {{ column }},
        {%- endfor %}
        {%- for column in ['street', 'city', 'postal_code', 'country'] %}
            nullif(
                {{ latest_value("coalesce(" ~ column ~ ", '')", 'address_wholeness, address_said_at, full_address') }},
                ''
            ) as {{ column }},
        {%- endfor %}
        {{ latest_value('address_said_at', 'address_wholeness, address_said_at, full_address') }} as address_said_at,
        {%- for column in ['birth_date', 'gender', 'language', 'email', 'phone', 'loyalty_card', 'web_account'] %}
            {{ latest_value(column, column ~ '_said_at') }} as {{ column }},
            max({{ column }}_said_at) as {{ column }}_said_at,
        {%- endfor %}
        {{ array_union_agg('emails') }} as emails,
        {{ array_union_agg('phones') }} as phones,
        {{ array_union_agg('loyalty_cards') }} as loyalty_cards,
        {{ array_union_agg('web_accounts') }} as web_accounts
    from weighed
    group by source_system, source_person_key
)

select * from final
