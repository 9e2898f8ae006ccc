with

comments as (
    select * from {{ ref('stg_social__comments') }}
),

final as (
    select
        {{ surrogate_key(["'comment'", 'platform', 'comment_id']) }} as comment_key,
        {{ surrogate_key(["'post'", 'platform', 'post_id']) }} as post_key,
        platform,
        language,
        written_at,
        {{ local_date('written_at') }} as written_date,
        cast(likes as bigint) as likes,
        replied_at,
        cast({{ seconds_between('written_at', 'replied_at') }} / 3600.0 as double) as hours_to_reply
    from comments
)

select * from final
