with

sign_ups as (
    select * from {{ ref('int_sign_ups') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        sign_ups.sign_up_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        sign_ups.source_system,
        sign_ups.sign_up_type,
        sign_ups.signed_up_at,
        sign_ups.signed_up_date,
        sign_ups.store_code
    from sign_ups
    left join customer_links
        on
            sign_ups.source_system = customer_links.source_system
            and sign_ups.source_person_key = customer_links.source_person_key
)

select * from final
