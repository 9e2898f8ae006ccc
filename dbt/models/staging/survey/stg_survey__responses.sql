with

responses as (
    select * from {{ ref('base_survey__responses') }}
),

final as (
    select
        invitation_id,
        survey,
        survey_type,
        interaction_type,
        channel_role,
        channel,
        {{ clean_text('store_code') }} as store_code,
        ticket_id,
        {{ clean_text('order_reference') }} as order_reference,
        lower(language) as language,
        {{ clean_text('lower(email)') }} as email,
        {{ person_key(email='email') }} as source_person_key,
        invited_at,
        responded_at,
        score,
        {{ clean_text('channel_from') }} as channel_from,
        {{ clean_text('channel_to') }} as channel_to,
        case lower(repeated_information) when 'yes' then true when 'no' then false end as has_repeated_information,
        {{ clean_text('verbatim') }} is not null as has_verbatim,
        first_seen_date,
        _arrival_date as last_seen_date
    from responses
)

select * from final
