with

versions as (
    {{ latest_versions('crm_contacts', is_open('crm_contacts'), settled=ref('base_crm__settled_contacts')) }}
),

latest_snapshot as (
    select max(ds) as snapshot_on
    from {{ source('raw', 'crm_contacts') }}
    where _delivery_kind = 'snapshot'
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
        {%- for column in said_at_columns('crm_contacts') %}
            versions.{{ column }},
        {%- endfor %}
        versions.first_seen_date,
        versions._arrival_date as last_seen_date,
        coalesce(versions.ds < latest_snapshot.snapshot_on, false) as is_closed
    from versions
    cross join latest_snapshot
)

select * from final
