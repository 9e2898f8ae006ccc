with

source as (
    select
        *,
        {{ delivery_rank(['call_id']) }} as version_rank
    from {{ source('raw', 'phone_calls') }}
),

final as (
    select
        call_id,
        queue,
        {{ person_key(phone='caller') }} as source_person_key,
        {{ clean_text('caller') }} as caller,
        offered_at,
        answered_at,
        ended_at,
        outcome,
        wait_seconds,
        talk_seconds,
        {{ clean_text('transferred_to') }} as transferred_to,
        ticket_id,
        _arrival_date as arrival_date
    from source
    where version_rank = 1
)

select * from final
