with

versions as (
    {{ latest_versions('shop_customers', is_open('shop_customers'), settled=ref('base_shop__settled_customers')) }}
),

latest_snapshot as (
    select max(ds) as snapshot_on from {{ source('raw', 'shop_customers') }}
),

final as (
    select
        versions.customer_account,
        {{ clean_text('versions.first_name') }} as first_name,
        {{ clean_text('versions.last_name') }} as last_name,
        {{ clean_text('lower(versions.email)') }} as email,
        {{ clean_text('versions.phone') }} as phone,
        {{ clean_text('versions.address_phone') }} as address_phone,
        {{ clean_text('versions.street') }} as street,
        {{ clean_text('versions.city') }} as city,
        {{ clean_text('versions.postal_code') }} as postal_code,
        {{ clean_text('versions.country') }} as country,
        versions.accepts_email_marketing = 'yes' as accepts_email_marketing,
        versions.accepts_sms_marketing = 'yes' as accepts_sms_marketing,
        {{ clean_text('versions.tags') }} as tags,
        versions.created_at,
        versions.updated_at,
        {%- for column in said_at_columns('shop_customers') %}
            versions.{{ column }},
        {%- endfor %}
        versions.first_seen_date,
        versions._arrival_date as last_seen_date,
        versions.ds < latest_snapshot.snapshot_on as is_closed
    from versions
    cross join latest_snapshot
)

select * from final
