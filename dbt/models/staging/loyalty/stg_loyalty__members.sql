with

versions as (
    {{ latest_versions('loyalty_members', is_open('loyalty_members'), settled=ref('base_loyalty__settled_members')) }}
),

latest_snapshot as (
    select max(ds) as snapshot_on from {{ source('raw', 'loyalty_members') }}
),

final as (
    select
        versions.card_number,
        {{ clean_text('versions.first_name') }} as first_name,
        {{ clean_text('versions.last_name') }} as last_name,
        {{ clean_text('versions.email') }} as email,
        {{ clean_text('versions.phone') }} as phone,
        versions.birth_date,
        {{ clean_text('versions.gender') }} as gender,
        {{ clean_text('versions.postal_code') }} as postal_code,
        {{ clean_text('versions.city') }} as city,
        versions.joined_on,
        {{ clean_text('versions.join_store') }} as join_store,
        versions.tier,
        versions.points_balance,
        versions.status,
        {{ clean_text('versions.web_account') }} as web_account,
        {%- for column in said_at_columns('loyalty_members') %}
            versions.{{ column }},
        {%- endfor %}
        versions.first_seen_date,
        versions._arrival_date as last_seen_date,
        versions.ds as snapshot_on,
        versions.status = 'closed' or versions.ds < latest_snapshot.snapshot_on as is_closed
    from versions
    cross join latest_snapshot
)

select * from final
