with

source as (
    select
        *,
        {{ delivery_rank(['id']) }} as version_rank
    from {{ source('raw', 'message_events') }}
),

final as (
    select
        id as event_id,
        event as event_type,
        channel,
        message_type,
        message_id,
        {{ clean_text('campaign_id') }} as campaign_id,
        {{ clean_text('campaign_name') }} as campaign_name,
        case
            when channel = 'email' then {{ person_key(email='recipient') }}
            else {{ person_key(phone='recipient') }}
        end as source_person_key,
        occurred_at,
        {{ clean_text('user_agent') }} as user_agent,
        _arrival_date as arrival_date
    from source
    where version_rank = 1
)

select * from final
