{#- What a card's first snapshot says was said on joining, for all we know. -#}
{%- set fields = {
    'name': ['first_name', 'last_name'], 'birth_date': ['birth_date'], 'gender': ['gender'],
    'address': ['city', 'postal_code'], 'email': ['email'], 'phone': ['phone'], 'web_account': ['web_account']
} -%}

with

source as (
    select * from {{ source('raw', 'loyalty_members') }}
),

latest_snapshot as (
    select max(ds) as snapshot_on from source
),

versions as (
    select
        *,
        {{ delivery_rank(['card_number']) }} as version_rank,
        min(_arrival_date) over (partition by card_number) as first_seen_date,
        {{ changed_at(
            fields, ['card_number'],
            'case when ds > min(ds) over (partition by card_number) then ds else joined_on end'
        ) }}
    from source
),

said as (
    select
        card_number,
        {{ said_at(fields) }}
    from versions
    group by card_number
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
        {%- for field in fields %}
            said.{{ field }}_said_at,
        {%- endfor %}
        versions.first_seen_date,
        versions._arrival_date as last_seen_date,
        versions.ds as snapshot_on,
        versions.status = 'closed' or versions.ds < latest_snapshot.snapshot_on as is_closed
    from versions
    cross join latest_snapshot
    inner join said
        on versions.card_number = said.card_number
    where versions.version_rank = 1
)

select * from final
