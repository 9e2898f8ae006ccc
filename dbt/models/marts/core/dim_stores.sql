with

stores as (
    select * from {{ ref('stg_reference__stores') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
),

survey_responses as (
    select * from {{ ref('fct_survey_responses') }}
),

-- A store that trades but is missing from the reference is still a store.
store_codes as (
    select store_code from stores
    union
    select store_code from orders where store_code is not null
    union
    select store_code from refunds where store_code is not null
    union
    select store_code from tickets where store_code is not null
    union
    select store_code from survey_responses where store_code is not null
),

final as (
    select
        store_codes.store_code,
        stores.store_name,
        stores.street,
        stores.postal_code,
        stores.city,
        stores.region,
        stores.phone,
        stores.opened_on as opened_date,
        stores.store_code is not null as is_in_reference
    from store_codes
    left join stores
        on store_codes.store_code = stores.store_code
)

select * from final
