{%- set settings = var('attribution_paths') -%}
{%- set touch_kinds = settings['touch_kinds'] | join("', '") -%}
{%- set direct = var('attribution')['direct_channel'] -%}
{%- set lookback = 'interval ' ~ settings['lookback_days'] ~ ' day' -%}

with

orders as (
    select * from {{ ref('fct_orders') }}
    where
        not is_cancelled
        and customer_id <> 'unknown'
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
    where
        customer_id <> 'unknown'
        and touch_kind in ('{{ touch_kinds }}')
),

-- Journeys that ended without an order, long enough ago to know.
lost_journeys as (
    select * from {{ ref('fct_journeys') }}
    where
        not is_converted
        and not is_open
),

journey_events as (
    select * from {{ ref('int_journey_events') }}
    where touch_kind in ('{{ touch_kinds }}')
),

touches as (
    select
        orders.order_id as path_id,
        orders.order_id,
        touchpoints.touchpoint_id,
        touchpoints.touch_channel,
        touchpoints.campaign_id,
        touchpoints.touched_at,
        {{ seconds_between('touchpoints.touched_at', 'orders.ordered_at') }} / 86400e0 as days_before
    from orders
    inner join touchpoints
        on
            orders.customer_id = touchpoints.customer_id
            and orders.ordered_at >= touchpoints.touched_at
            and orders.ordered_at - {{ lookback }} <= touchpoints.touched_at

    union all

    select
        lost_journeys.journey_id as path_id,
        cast(null as {{ text_type() }}) as order_id,
        journey_events.event_id as touchpoint_id,
        journey_events.touch_channel,
        cast(null as {{ text_type() }}) as campaign_id,
        journey_events.happened_at as touched_at,
        cast(null as double) as days_before
    from lost_journeys
    inner join journey_events
        on lost_journeys.journey_id = journey_events.journey_id
),

{%- set sources = ['touches'] %}

{%- if settings['remove_direct'] %}

not_direct as (
    select *
    from (
        select
            *,
            max(case when touch_channel = '{{ direct }}' then 0 else 1 end) over (partition by path_id)
                as has_other
        from touches
    ) as judged
    where
        has_other = 0
        or touch_channel <> '{{ direct }}'
),
{%- do sources.append('not_direct') %}
{%- endif %}

{%- if settings['first_occurrence'] %}

first_occurrences as (
    select *
    from (
        select
            *,
            row_number() over (partition by path_id, touch_channel order by touched_at, touchpoint_id) as occurrence
        from {{ sources[-1] }}
    ) as counted
    where occurrence = 1
),
{%- do sources.append('first_occurrences') %}
{%- elif settings['collapse_repeats'] %}

collapsed as (
    select *
    from (
        select
            *,
            lag(touch_channel) over (partition by path_id order by touched_at, touchpoint_id) as previous_channel
        from {{ sources[-1] }}
    ) as neighboured
    where
        previous_channel is null
        or previous_channel <> touch_channel
),
{%- do sources.append('collapsed') %}
{%- endif %}

final as (
    select
        path_id,
        order_id,
        touchpoint_id,
        touch_channel,
        campaign_id,
        touched_at,
        row_number() over (partition by path_id order by touched_at, touchpoint_id) as position,
        cast(power(2e0, -days_before / {{ var('attribution')['half_life_days'] }}) as decimal(18, 17)) as decayed
    from {{ sources[-1] }}
)

select * from final
