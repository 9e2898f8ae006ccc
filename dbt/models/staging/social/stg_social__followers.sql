with

source as (
    select
        *,
        {{ delivery_rank(['platform', 'counted_on']) }} as version_rank
    from {{ source('raw', 'social_followers') }}
),

final as (
    select
        platform,
        counted_on,
        followers
    from source
    where version_rank = 1
)

select * from final
