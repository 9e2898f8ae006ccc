with

card_states as (
    select * from {{ ref('stg_loyalty__card_states') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        {{ surrogate_key(["'loyalty_membership'", 'card_states.card_number', 'card_states.valid_from']) }}
            as loyalty_membership_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        card_states.tier,
        card_states.valid_from,
        card_states.valid_to
    from card_states
    left join customer_links
        on
            card_states.card_number = customer_links.source_person_key
            and customer_links.source_system = 'loyalty'
)

select * from final
