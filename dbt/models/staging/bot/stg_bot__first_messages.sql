{{ config(materialized='view', schema='restricted') }}

with

source as (
    select
        *,
        {{ delivery_rank(['id']) }} as version_rank
    from {{ source('raw', 'bot_conversations') }}
),

final as (
    select
        id as conversation_id,
        {{ clean_text('first_message') }} as first_message
    from source
    where version_rank = 1 and {{ clean_text('first_message') }} is not null
)

select * from final
