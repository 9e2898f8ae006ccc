{%- set fields = {
    'name': ['first_name', 'last_name'], 'address': ['street', 'city', 'postal_code', 'country'], 'email': ['email'],
    'phone': ['phone', 'address_phone']
} -%}

with

source as (
    select * from {{ source('raw', 'shop_customers') }}
),

latest_snapshot as (
    select max(ds) as snapshot_on from source
),

versions as (
    select
        *,
        {{ delivery_rank(['customer_account']) }} as version_rank,
        min(_arrival_date) over (partition by customer_account) as first_seen_date,
        {{ changed_at(fields, ['customer_account'], 'updated_at') }}
    from source
),

said as (
    select
        customer_account,
        {{ said_at(fields) }}
    from versions
    group by customer_account
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
        {%- for field in fields %}
            said.{{ field }}_said_at,
        {%- endfor %}
        versions.first_seen_date,
        versions._arrival_date as last_seen_date,
        versions.ds < latest_snapshot.snapshot_on as is_closed
    from versions
    cross join latest_snapshot
    inner join said
        on versions.customer_account = said.customer_account
    where versions.version_rank = 1
)

select * from final
