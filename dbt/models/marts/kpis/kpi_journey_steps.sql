{%- set gap_days = var('windows')['journey_gap_days'] -%}

with

journeys as (
    select * from {{ ref('fct_journeys') }}
),

journey_events as (
    select * from {{ ref('int_journey_events') }}
),

touchpoints as (
    select * from {{ ref('int_touchpoints') }}
),

sessions as (
    select * from {{ ref('fct_sessions') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

events as (
    select
        *,
        lead(event_number) over (partition by journey_id order by event_number) as next_event_number,
        lead(order_id) over (partition by journey_id order by event_number) as next_order_id
    from journey_events
),

touches as (
    select
        {{ local_date('events.happened_at') }} as touched_date,
        events.touch_channel,
        case
            when sessions.has_checkout then 'checkout'
            when sessions.has_cart then 'cart'
            when touchpoints.touch_kind in ('contact', 'visit') then 'service'
            when events.is_start then 'discovery'
            else 'consideration'
        end as stage,
        case when events.next_event_number is not null then 1 else 0 end as is_continued,
        case when events.next_order_id is not null then 1 else 0 end as is_converted,
        case when events.next_event_number is null and journeys.is_open then 1 else 0 end as is_open
    from events
    inner join journeys
        on events.journey_id = journeys.journey_id
    inner join touchpoints
        on events.event_id = touchpoints.touchpoint_id
    left join sessions
        on touchpoints.session_id = sessions.session_id
    where events.touch_channel is not null
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        {{ matures_at('date_periods.period_end', gap_days) }}
            as matures_at,
        touches.stage,
        touches.touch_channel,
        count(*) as entered,
        sum(touches.is_continued) as continued,
        sum(touches.is_converted) as converted,
        sum(touches.is_open) as still_open,
        sum(1 - touches.is_continued - touches.is_open) as abandoned
    from touches
    inner join date_periods
        on touches.touched_date = date_periods.date_day
    group by
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        date_periods.period_end,
        touches.stage,
        touches.touch_channel
),

measured as (
    select
        *,
        cast(sum(abandoned) over (partition by period, period_start) as double)
        / nullif(sum(abandoned + continued) over (partition by period, period_start), 0) as overall_rate,
        case
            when matures_at <= {{ data_end_at() }} then cast(abandoned as double) / nullif(abandoned + continued, 0)
        end as abandonment_rate
    from counted
),

final as (
    select
        period,
        period_start,
        stage,
        touch_channel,
        cast(entered as bigint) as entered,
        cast(continued as bigint) as continued,
        cast(converted as bigint) as converted,
        cast(still_open as bigint) as still_open,
        cast(abandoned as bigint) as abandoned,
        abandonment_rate,
        case
            when abandonment_rate is not null
                then
                    abandonment_rate > overall_rate
                    and abandoned + continued >= {{ var('reliability')['min_n'] }}
        end as is_critical,
        is_complete,
        matures_at,
        abandoned + continued >= {{ var('reliability')['min_n'] }} as is_reliable
    from measured
)

select * from final
