with

contacts as (
    select * from {{ ref('int_service_contacts') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        contacts.service_contact_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        contacts.source_system,
        contacts.contact_kind,
        contacts.channel,
        contacts.topic,
        contacts.contacted_at,
        contacts.contacted_date,
        contacts.ticket_id,
        contacts.outcome
    from contacts
    left join customer_links
        on
            contacts.source_system = customer_links.source_system
            and contacts.source_person_key = customer_links.source_person_key
)

select * from final
