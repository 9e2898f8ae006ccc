-- The golden record: per attribute the value of the most trusted source that has one (loyalty, CRM, shop, support,
-- then the others), of that source the most recent. It holds direct identifiers and feeds the customer directory.
with

links as (
    select * from {{ source('identity', 'customer_links') }}
),

records as (
    select * from {{ ref('int_customer_records') }}
),

members as (
    select * from {{ ref('stg_loyalty__members') }}
),

linked_records as (
    select
        links.customer_id,
        records.*,
        {{ array_first('records.emails') }} as email,
        {{ array_first('records.phones') }} as phone,
        {{ array_first('records.loyalty_cards') }} as loyalty_card,
        {{ array_first('records.web_accounts') }} as web_account,
        case records.source_system
            when 'loyalty' then 4
            when 'crm' then 3
            when 'shop' then 2
            when 'support' then 1
            else 0
        end as trust
    from links
    inner join records
        on
            links.source_system = records.source_system
            and links.source_person_key = records.source_person_key
),

customers as (
    select
        customer_id,
        {{ latest_value('first_name', 'trust, last_seen_at') }} as first_name,
        {{ latest_value('last_name', 'trust, last_seen_at') }} as last_name,
        {{ latest_value('birth_date', 'trust, last_seen_at') }} as birth_date,
        {{ latest_value('gender', 'trust, last_seen_at') }} as gender,
        {{ latest_value('street', 'trust, last_seen_at') }} as street,
        {{ latest_value('city', 'trust, last_seen_at') }} as city,
        {{ latest_value('postal_code', 'trust, last_seen_at') }} as postal_code,
        {{ latest_value('country', 'trust, last_seen_at') }} as country,
        {{ latest_value('language', 'trust, last_seen_at') }} as language,
        {{ latest_value('email', 'trust, last_seen_at') }} as email,
        {{ latest_value('phone', 'trust, last_seen_at') }} as phone,
        {{ latest_value('loyalty_card', 'trust, last_seen_at') }} as loyalty_card,
        {{ latest_value('web_account', 'trust, last_seen_at') }} as web_account,
        min(first_seen_date) as first_seen_date,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        count(*) as source_records,
        {{ array_agg_distinct('source_system') }} as source_systems
    from linked_records
    group by customer_id
),

ranked_memberships as (
    select
        links.customer_id,
        members.tier,
        members.points_balance,
        members.joined_on,
        row_number() over (
            partition by links.customer_id
            order by members.points_balance desc, members.card_number asc
        ) as membership_rank
    from links
    inner join members
        on links.source_system = 'loyalty' and links.source_person_key = members.card_number
    where not members.is_closed
),

final as (
    select
        customers.*,
        {{ french_region('customers.postal_code') }} as region,
        ranked_memberships.tier as loyalty_tier,
        ranked_memberships.points_balance as loyalty_points,
        ranked_memberships.joined_on as loyalty_joined_on
    from customers
    left join ranked_memberships
        on customers.customer_id = ranked_memberships.customer_id and ranked_memberships.membership_rank = 1
)

select * from final
