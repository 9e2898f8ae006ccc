with

source as (
    select
        *,
        {{ delivery_rank(['id']) }} as version_rank
    from {{ source('raw', 'consents') }}
),

final as (
    select
        id as consent_event_id,
        {{ clean_text('lower(email)') }} as email,
        {{ clean_text('phone') }} as phone,
        {{ clean_text('web_account') }} as web_account,
        {{ clean_text('loyalty_card') }} as loyalty_card,
        {{ person_key(email='email', account='web_account', card='loyalty_card', phone='phone') }} as source_person_key,
        purpose,
        status,
        basis,
        source as collected_in,
        occurred_at,
        _arrival_date as arrival_date
    from source
    where version_rank = 1
)

select * from final
