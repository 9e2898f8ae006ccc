with

ad_spend as (
    select * from {{ ref('fct_ad_spend') }}
),

channel_costs as (
    select * from {{ ref('fct_channel_costs') }}
),

messages as (
    select * from {{ ref('fct_messages') }}
),

social_posts as (
    select * from {{ ref('fct_social_posts') }}
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

sessions as (
    select * from {{ ref('fct_sessions') }}
),

-- Names stay in staging: one line per platform that gives its campaigns a name.
names as (
    select
        campaign_id,
        campaign_name,
        spend_date as named_on
    from {{ ref('stg_ads__google_insights') }}
    union all
    select
        campaign_id,
        campaign_name,
        spend_date as named_on
    from {{ ref('stg_ads__meta_insights') }}
    union all
    select
        campaign_id,
        campaign_name,
        spend_date as named_on
    from {{ ref('stg_ads__linkedin_insights') }}
    union all
    select
        campaign_id,
        campaign_name,
        cast(occurred_at as date) as named_on
    from {{ ref('stg_messaging__events') }}
),

latest_names as (
    select
        campaign_id,
        campaign_name,
        row_number() over (partition by campaign_id order by named_on desc, campaign_name asc) as name_rank
    from (
        select distinct
            campaign_id,
            campaign_name,
            named_on
        from names
        where
            campaign_id is not null
            and campaign_name is not null
    ) as distinct_names
),

-- What a campaign is comes from where it costs or is sent (rank 1), else from where it is seen (rank 2).
mentions as (
    select
        campaign_id,
        platform,
        touch_channel,
        spend_purpose,
        spend_date as active_date,
        1 as mention_rank
    from ad_spend

    union all

    select
        campaign_id,
        'messaging' as platform,
        channel as touch_channel,
        cast(null as {{ text_type() }}) as spend_purpose,
        sent_date as active_date,
        1 as mention_rank
    from messages

    union all

    select
        campaign_id,
        cast(null as {{ text_type() }}) as platform,
        touch_channel,
        spend_purpose,
        cost_month as active_date,
        2 as mention_rank
    from channel_costs

    union all

    select
        campaign_id,
        platform,
        'organic_social' as touch_channel,
        cast(null as {{ text_type() }}) as spend_purpose,
        published_date as active_date,
        2 as mention_rank
    from social_posts

    union all

    select
        campaign_id,
        cast(null as {{ text_type() }}) as platform,
        touch_channel,
        cast(null as {{ text_type() }}) as spend_purpose,
        touched_date as active_date,
        2 as mention_rank
    from touchpoints

    union all

    select
        campaign_id,
        cast(null as {{ text_type() }}) as platform,
        touch_channel,
        cast(null as {{ text_type() }}) as spend_purpose,
        started_date as active_date,
        2 as mention_rank
    from sessions
),

-- Of several values of one rank the first by name, so that the order of rows is nothing.
campaigns as (
    select
        campaign_id,
        coalesce(
            min(case when mention_rank = 1 then platform end), min(platform)
        ) as platform,
        coalesce(
            min(case when mention_rank = 1 then touch_channel end), min(touch_channel)
        ) as touch_channel,
        coalesce(
            min(case when mention_rank = 1 then spend_purpose end), min(spend_purpose)
        ) as spend_purpose,
        min(active_date) as first_active_date,
        max(active_date) as last_active_date
    from mentions
    where campaign_id is not null
    group by campaign_id
),

final as (
    select
        campaigns.campaign_id,
        latest_names.campaign_name,
        campaigns.platform,
        campaigns.touch_channel,
        campaigns.spend_purpose,
        campaigns.first_active_date,
        campaigns.last_active_date
    from campaigns
    left join latest_names
        on
            campaigns.campaign_id = latest_names.campaign_id
            and latest_names.name_rank = 1
)

select * from final
