{%- set shared_categories = var('costs')['shared_categories'] | join("', '") -%}

with

ad_spend as (
    select * from {{ ref('fct_ad_spend') }}
),

channel_costs as (
    select * from {{ ref('fct_channel_costs') }}
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

month_days as (
    select
        date_day,
        month_start,
        row_number() over (partition by month_start order by date_day) as day_number,
        count(*) over (partition by month_start) as days
    from dates
),

touches_by_month as (
    select
        {{ period_start('month', 'touched_date') }} as month_start,
        touch_channel,
        count(*) as touches
    from touchpoints
    group by {{ period_start('month', 'touched_date') }}, touch_channel
),

keys as (
    select
        month_start,
        touch_channel,
        touches,
        sum(touches) over (partition by month_start order by touch_channel) as touches_up_to,
        sum(touches) over (partition by month_start) as all_touches
    from touches_by_month
),

-- What several channels share is theirs by their touches of the month.
monthly as (
    select
        cost_month,
        touch_channel,
        campaign_id,
        spend_purpose,
        'running' as cost_kind,
        cost
    from channel_costs
    where touch_channel is not null

    union all

    select
        channel_costs.cost_month,
        coalesce(keys.touch_channel, 'unattributed') as touch_channel,
        channel_costs.campaign_id,
        channel_costs.spend_purpose,
        'allocated' as cost_kind,
        case
            when keys.touch_channel is null then channel_costs.cost
            else
                {{ prorate('channel_costs.cost', 'keys.touches_up_to', 'keys.all_touches') }}
                - {{ prorate('channel_costs.cost', 'keys.touches_up_to - keys.touches', 'keys.all_touches') }}
        end as cost
    from channel_costs
    left join keys
        on channel_costs.cost_month = keys.month_start
    where
        channel_costs.touch_channel is null
        and channel_costs.category in ('{{ shared_categories }}')
),

summed as (
    select
        cost_month,
        touch_channel,
        campaign_id,
        spend_purpose,
        cost_kind,
        sum(cost) as cost
    from monthly
    group by cost_month, touch_channel, campaign_id, spend_purpose, cost_kind
),

daily as (
    select
        spend_date as date_day,
        touch_channel,
        campaign_id,
        spend_purpose,
        'media' as cost_kind,
        cost
    from ad_spend

    union all

    select
        month_days.date_day,
        summed.touch_channel,
        summed.campaign_id,
        summed.spend_purpose,
        summed.cost_kind,
        {{ prorate('summed.cost', 'month_days.day_number', 'month_days.days') }}
        - {{ prorate('summed.cost', 'month_days.day_number - 1', 'month_days.days') }} as cost
    from summed
    inner join month_days
        on summed.cost_month = month_days.month_start
),

final as (
    select
        date_day,
        touch_channel,
        campaign_id,
        spend_purpose,
        cost_kind,
        cast(sum(cost) as {{ money_type() }}) as cost
    from daily
    group by date_day, touch_channel, campaign_id, spend_purpose, cost_kind
)

select * from final
