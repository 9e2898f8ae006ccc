{%- set fields = {
    'name': ['first_name', 'last_name'], 'birth_date': ['birth_date'], 'gender': ['gender'],
    'address': ['street', 'city', 'postal_code', 'country'], 'language': ['preferred_language'],
    'email': ['email'], 'phone': ['phone', 'mobile_phone'], 'loyalty_card': ['loyalty_card']
} -%}

with

source as (
    select * from {{ source('raw', 'crm_contacts') }}
),

latest_snapshot as (
    select max(ds) as snapshot_on
    from source
    where _delivery_kind = 'snapshot'
),

versions as (
    select
        *,
        {{ delivery_rank(['record_id']) }} as version_rank,
        min(_arrival_date) over (partition by record_id) as first_seen_date,
        {{ changed_at(fields, ['record_id'], 'modified_at') }}
    from source
),

said as (
    select
        record_id,
        {{ said_at(fields) }}
    from versions
    group by record_id
),

final as (
    select
        versions.record_id,
        {{ clean_text('versions.first_name') }} as first_name,
        {{ clean_text('versions.last_name') }} as last_name,
        {{ clean_text('versions.email') }} as email,
        {{ split_text('versions.additional_emails', ';') }} as additional_emails,
        {{ clean_text('versions.phone') }} as phone,
        {{ clean_text('versions.mobile_phone') }} as mobile_phone,
        versions.birth_date,
        {{ clean_text('versions.gender') }} as gender,
        {{ clean_text('versions.street') }} as street,
        {{ clean_text('versions.city') }} as city,
        {{ clean_text('versions.postal_code') }} as postal_code,
        {{ clean_text('versions.country') }} as country,
        {{ clean_text('versions.loyalty_card') }} as loyalty_card,
        {{ clean_text('versions.preferred_language') }} as preferred_language,
        versions.lifecycle_stage,
        versions.original_source,
        versions.marketing_status,
        versions.created_at,
        versions.modified_at,
        {%- for field in fields %}
            said.{{ field }}_said_at,
        {%- endfor %}
        versions.first_seen_date,
        versions._arrival_date as last_seen_date,
        coalesce(versions.ds < latest_snapshot.snapshot_on, false) as is_closed
    from versions
    cross join latest_snapshot
    inner join said
        on versions.record_id = said.record_id
    where versions.version_rank = 1
)

select * from final
