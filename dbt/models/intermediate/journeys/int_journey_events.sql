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
        touch_kind,
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
        cast(null as {{ text_type() }}) as touch_kind,
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

began as (
    select
        *,
        min(happened_at) over (partition by customer_id, journey_number) as started_at
    from numbered
),

final as (
    select
        customer_id,
        {{ surrogate_key(["'journey'", 'customer_id', 'started_at', 'journey_number']) }} as journey_id,
        cast(journey_number as bigint) as journey_number,
        cast(event_number as bigint) as event_number,
        happened_at,
        is_start = 1 as is_start,
        event_id,
        touch_channel,
        touch_kind,
        order_id
    from began
)

select * from final
