{{ config(materialized='view', schema='restricted') }}

with

source as (
    select
        *,
        {{ delivery_rank(['platform', 'comment_id']) }} as version_rank
    from {{ source('raw', 'social_comments') }}
),

final as (
    select
        platform,
        comment_id,
        {{ clean_text('text') }} as comment_text
    from source
    where version_rank = 1 and {{ clean_text('text') }} is not null
)

select * from final
