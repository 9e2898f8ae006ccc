-- The golden record: the values that survived, and what is known of the customer as a whole. It holds direct
-- identifiers and feeds the customer directory.
{%- set fields = [
    'first_name', 'last_name', 'birth_date', 'gender', 'street', 'city', 'postal_code', 'country', 'language', 'email',
    'phone', 'loyalty_card', 'web_account'
] %}

with

links as (
    select * from {{ source('identity', 'customer_links') }}
),

records as (
    select * from {{ ref('int_customer_records') }}
),

golden_values as (
    select * from {{ ref('int_customer_golden_values') }}
),

members as (
    select * from {{ ref('stg_loyalty__members') }}
),

known as (
    select
        links.customer_id,
        min(records.first_seen_date) as first_seen_date,
        min(records.first_seen_at) as first_seen_at,
        max(records.last_seen_at) as last_seen_at,
        count(*) as source_records,
        {{ array_agg_distinct('records.source_system') }} as source_systems
    from links
    inner join records
        on
            links.source_system = records.source_system
            and links.source_person_key = records.source_person_key
    group by links.customer_id
),

pivoted_values as (
    select
        customer_id,
    {%- for field in fields %}
        max(case when field = '{{ field }}' then value end) as {{ field }}
        {{- ',' if not loop.last }}
    {%- endfor %}
    from golden_values
    group by customer_id
),

customers as (
    select
        known.customer_id,
        pivoted_values.first_name,
        pivoted_values.last_name,
        cast(pivoted_values.birth_date as date) as birth_date,
        {%- for field in fields[3:] %}
            pivoted_values.{{ field }},
        {%- endfor %}
        known.first_seen_date,
        known.first_seen_at,
        known.last_seen_at,
        known.source_records,
        known.source_systems
    from known
    left join pivoted_values
        on known.customer_id = pivoted_values.customer_id
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
