with

comment_texts as (
    select * from {{ ref('stg_social__comment_texts') }}
),

final as (
    select
        {{ surrogate_key(["'comment'", 'platform', 'comment_id']) }} as comment_key,
        comment_text
    from comment_texts
)

select * from final
