with

posts as (
    select * from {{ ref('stg_social__posts') }}
),

final as (
    select
        {{ surrogate_key(["'post'", 'platform', 'post_id']) }} as post_key,
        platform,
        content_type,
        campaign_id,
        published_at,
        {{ local_date('published_at') }} as published_date,
        impressions,
        reach,
        likes,
        comments,
        shares,
        mentions,
        followers,
        likes + comments + shares as engagement
    from posts
)

select * from final
