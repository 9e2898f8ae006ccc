with

source as (
    select
        *,
        {{ delivery_rank(['platform', 'post_id']) }} as version_rank
    from {{ source('raw', 'social_post_insights') }}
),

final as (
    select
        platform,
        post_id,
        content_type,
        {{ clean_text('campaign_id') }} as campaign_id,
        published_at,
        measured_on,
        impressions,
        reach,
        likes,
        comments,
        shares,
        mentions,
        followers
    from source
    where version_rank = 1
)

select * from final
