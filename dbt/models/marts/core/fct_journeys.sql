{%- set gap_days = var('windows')['journey_gap_days'] -%}

with

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

-- Touches of `unknown` belong to many people and cannot be strung into a path.
events as (
    select
        customer_id,
        touched_at as happened_at,
        0 as is_order,
        touchpoint_id as event_id,
        touch_channel,
        cast(null as {{ text_type() }}) as order_id
    from touchpoints
    where customer_id <> 'unknown'

    union all

    select
        customer_id,
        ordered_at as happened_at,
        1 as is_order,
        order_id as event_id,
        cast(null as {{ text_type() }}) as touch_channel,
        order_id
    from orders
    where
        customer_id <> 'unknown'
        and not is_cancelled
),

sequenced as (
    select
        *,
        row_number() over (partition by customer_id order by happened_at, is_order, event_id) as event_number,
        lag(happened_at) over (partition by customer_id order by happened_at, is_order, event_id) as previous_at,
        lag(is_order) over (partition by customer_id order by happened_at, is_order, event_id) as previous_is_order
    from events
),

starts as (
    select
        *,
        case
            when previous_at is null or previous_is_order = 1 then 1
            when {{ seconds_between('previous_at', 'happened_at') }} > {{ gap_days * 86400 }} then 1
            else 0
        end as is_start
    from sequenced
),

numbered as (
    select
        *,
        sum(is_start) over (
            partition by customer_id
            order by event_number
            rows between unbounded preceding and current row
        ) as journey_number
    from starts
),

-- An order without a touch before it is no journey.
journeys as (
    select
        customer_id,
        journey_number,
        min(happened_at) as started_at,
        max(happened_at) as ended_at,
        count(touch_channel) as touches,
        count(distinct touch_channel) as distinct_channels,
        {{ ordered_listagg('touch_channel', 'event_number', ' > ') }} as channels,
        max(case when is_start = 1 then touch_channel end) as first_channel,
        max(order_id) as order_id
    from numbered
    group by customer_id, journey_number
    having count(touch_channel) > 0
),

final as (
    select
        {{ surrogate_key(["'journey'", 'customer_id', 'started_at', 'journey_number']) }} as journey_id,
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
