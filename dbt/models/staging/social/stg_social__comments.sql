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
        post_id,
        written_at,
        {{ clean_text('language') }} as language,
        likes,
        replied_at
    from source
    where version_rank = 1
)

select * from final
