with

social_posts as (
    select * from {{ ref('int_social_posts') }}
),

final as (
    select
        post_key,
        platform,
        content_type,
        campaign_id,
        published_at,
        published_date,
        cast(impressions as bigint) as impressions,
        cast(reach as bigint) as reach,
        cast(likes as bigint) as likes,
        cast(comments as bigint) as comments,
        cast(shares as bigint) as shares,
        cast(engagement as bigint) as engagement,
        cast(mentions as bigint) as mentions,
        cast(followers as bigint) as followers
    from social_posts
)

select * from final
