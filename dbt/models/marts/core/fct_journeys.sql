{%- set gap_days = var('windows')['journey_gap_days'] -%}

with

events as (
    select * from {{ ref('int_journey_events') }}
),

-- An order without a touch before it is no journey.
journeys as (
    select
        journey_id,
        customer_id,
        min(happened_at) as started_at,
        max(happened_at) as ended_at,
        count(touch_channel) as touches,
        count(distinct touch_channel) as distinct_channels,
        {{ ordered_listagg('touch_channel', 'event_number', ' > ') }} as channels,
        max(case when is_start then touch_channel end) as first_channel,
        max(order_id) as order_id
    from events
    group by journey_id, customer_id
    having count(touch_channel) > 0
),

final as (
    select
        journey_id,
        customer_id,
        started_at,
        ended_at,
        touches,
        channels,
        distinct_channels,
        first_channel,
        order_id is not null as is_converted,
        order_id,
        order_id is null
        and {{ add_days(local_date('ended_at'), gap_days) }} > {{ data_end_date() }} as is_open
    from journeys
)

select * from final
