{%- set min_n = var('reliability')['min_n'] -%}

with

posts as (
    select * from {{ ref('fct_social_posts') }}
),

followers as (
    select * from {{ ref('fct_social_followers') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        posts.platform,
        posts.content_type,
        count(*) as posts,
        sum(posts.impressions) as impressions,
        sum(posts.likes) as likes,
        sum(posts.comments) as comments,
        sum(posts.shares) as shares,
        sum(posts.mentions) as mentions
    from posts
    inner join date_periods
        on posts.published_date = date_periods.date_day
    group by
        date_periods.period, date_periods.period_start, date_periods.is_complete, posts.platform, posts.content_type
),

-- The audience of a platform is that of all its content: the mean over the days counted, whatever was posted.
audiences as (
    select
        date_periods.period,
        date_periods.period_start,
        followers.platform,
        cast(sum(followers.followers) as double) / count(followers.followers) as followers
    from followers
    inner join date_periods
        on followers.counted_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, followers.platform
),

measured as (
    select
        counted.*,
        counted.likes + counted.comments + counted.shares as engagement,
        audiences.followers
    from counted
    left join audiences
        on
            counted.period = audiences.period
            and counted.period_start = audiences.period_start
            and counted.platform = audiences.platform
),

final as (
    select
        period,
        period_start,
        platform,
        content_type,
        cast(posts as bigint) as posts,
        cast(impressions as bigint) as impressions,
        followers,
        cast(likes as bigint) as likes,
        cast(comments as bigint) as comments,
        cast(shares as bigint) as shares,
        cast(mentions as bigint) as mentions,
        cast(engagement as bigint) as engagement,
        cast(engagement + mentions as bigint) as engagement_with_mentions,
        case when impressions > 0 then cast(engagement as double) / impressions end as engagement_rate_by_impressions,
        case when followers > 0 then cast(engagement as double) / followers end as engagement_rate_by_followers,
        is_complete,
        impressions >= {{ min_n }} as is_reliable
    from measured
)

select * from final
