with

followers as (
    select * from {{ ref('stg_social__followers') }}
),

final as (
    select
        platform,
        counted_on as counted_date,
        cast(followers as bigint) as followers
    from followers
)

select * from final
