-- Survivorship, by the settings `identity.golden_record`. The parts of an address are ranked by the very same order, so
-- that they come from one record; so are the parts of a name, among the records that have the part. Whatever the rule,
-- what is whole goes before what is not, an e-mail or phone of their own before one that several share or nobody reads,
-- and a trusted source before one that is not listed.
{%- set settings = var('identity')['golden_record'] -%}
{%- set fields = {
    'first_name': 'name', 'last_name': 'name', 'birth_date': 'birth_date', 'gender': 'gender', 'street': 'address',
    'city': 'address', 'postal_code': 'address', 'country': 'address', 'language': 'language', 'email': 'email',
    'phone': 'phone', 'loyalty_card': 'loyalty_card', 'web_account': 'web_account'
} -%}
{%- set fitness = {
    'name': 'name_wholeness', 'address': 'address_wholeness', 'email': 'has_own_email', 'phone': 'has_own_phone'
} -%}
{%- set completeness = {'name': 'name_letters', 'address': 'address_parts'} -%}
{%- set texts = {'name': 'full_name', 'address': 'full_address'} %}

with

links as (
    select * from {{ source('identity', 'customer_links') }}
),

records as (
    select * from {{ ref('int_customer_records') }}
),

keys as (
    select * from {{ source('identity', 'normalised_keys') }}
),

own_keys as (
    select
        source_system,
        source_person_key,
        max(case when key_type = 'email' then 1 else 0 end) as has_own_email,
        max(case when key_type = 'phone' then 1 else 0 end) as has_own_phone
    from keys
    where not is_shared
    group by source_system, source_person_key
),

linked_records as (
    select
        links.customer_id,
        records.*,
        case records.source_system
            {%- for source in settings['trusted_sources'] %}
                when '{{ source }}' then {{ loop.revindex }}
            {%- endfor %}
            else 0
        end as trust,
        {{ name_wholeness() }} as name_wholeness,
        {{ address_wholeness() }} as address_wholeness,
        coalesce(length(first_name), 0) + coalesce(length(last_name), 0) as name_letters,
        {{ filled(['street', 'postal_code', 'city', 'country']) }} as address_parts,
        {{ joined_text(['last_name', 'first_name']) }} as full_name,
        {{ joined_text(['postal_code', 'city', 'street', 'country']) }} as full_address,
        coalesce(own_keys.has_own_email, 0) as has_own_email,
        coalesce(own_keys.has_own_phone, 0) as has_own_phone
    from links
    inner join records
        on
            links.source_system = records.source_system
            and links.source_person_key = records.source_person_key
    left join own_keys
        on
            records.source_system = own_keys.source_system
            and records.source_person_key = own_keys.source_person_key
),

ranked_values as (
    {%- for field, whole in fields.items() %}
        {%- set rule = settings['rules'][whole] %}
        {%- set said_at = whole ~ '_said_at' %}
        {%- set value = 'cast(' ~ field ~ ' as ' ~ text_type() ~ ')' %}
        {%- set ruling = {'most_trusted': 'trust', 'most_complete': completeness.get(whole)}.get(rule) %}
        {%- set best_first = [fitness.get(whole), 'trust > 0', ruling, said_at, 'trust', texts.get(whole, value)]
            | select | list %}
        select
            customer_id,
            '{{ field }}' as field,
            {{ value }} as value,
            source_system,
            source_person_key,
            {{ said_at }} as said_at,
            '{{ rule }}' as rule,
            row_number() over (
                partition by customer_id
                order by {{ best_first | join(' desc, ') }} desc, source_system asc, source_person_key asc
            ) as value_rank
        from linked_records
        where {{ 'address_wholeness > 0' if whole == 'address' else field ~ ' is not null' }}
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        customer_id,
        field,
        value,
        source_system,
        source_person_key,
        said_at,
        rule
    from ranked_values
    where value_rank = 1 and value is not null
)

select * from final
