{%- set active_days = var('windows')['active_days'] -%}

with

orders as (
    select * from {{ ref('fct_orders') }}
    where not is_cancelled
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

journey_events as (
    select * from {{ ref('int_journey_events') }}
),

channels as (
    select * from {{ ref('dim_channels') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

touches as (
    select
        'touch' as channel_role,
        customer_id,
        {{ local_date('happened_at') }} as to_date,
        touch_channel as to_channel,
        lag(touch_channel) over (partition by customer_id, journey_number order by event_number) as from_channel
    from journey_events
    where touch_channel is not null
),

purchases as (
    select
        'sales' as channel_role,
        customer_id,
        ordered_date as to_date,
        sales_channel as to_channel,
        lag(sales_channel) over (partition by customer_id order by ordered_at, order_id) as previous_channel,
        lag(ordered_date) over (partition by customer_id order by ordered_at, order_id) as previous_date
    from orders
    where customer_id <> 'unknown'
),

moves as (
    select
        channel_role,
        customer_id,
        to_date,
        from_channel,
        to_channel
    from touches
    where from_channel is not null

    union all

    select
        channel_role,
        customer_id,
        to_date,
        previous_channel as from_channel,
        to_channel
    from purchases
    where {{ days_between('previous_date', 'to_date') }} <= {{ active_days }}
),

counted as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        moves.channel_role,
        moves.from_channel,
        moves.to_channel,
        count(*) as transitions,
        count(distinct moves.customer_id) as customers
    from moves
    inner join date_periods
        on moves.to_date = date_periods.date_day
    group by
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        moves.channel_role,
        moves.from_channel,
        moves.to_channel
),

facts as (
    select
        'sales' as channel_role,
        ordered_date as happened_date,
        customer_id
    from orders

    union all

    select
        'touch' as channel_role,
        touched_date as happened_date,
        customer_id
    from touchpoints
),

identified as (
    select
        date_periods.period,
        date_periods.period_start,
        facts.channel_role,
        sum(case when facts.customer_id <> 'unknown' then 1e0 else 0e0 end) / count(*) as identified_share
    from facts
    inner join date_periods
        on facts.happened_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, facts.channel_role
),

measured as (
    select
        counted.*,
        sum(counted.transitions) over (
            partition by counted.period, counted.period_start, counted.channel_role, counted.from_channel
        ) as transitions_from,
        identified.identified_share,
        from_channels.is_physical <> to_channels.is_physical as is_crossing
    from counted
    inner join identified
        on
            counted.period = identified.period
            and counted.period_start = identified.period_start
            and counted.channel_role = identified.channel_role
    inner join channels as from_channels
        on
            counted.channel_role = from_channels.channel_role
            and counted.from_channel = from_channels.channel
    inner join channels as to_channels
        on
            counted.channel_role = to_channels.channel_role
            and counted.to_channel = to_channels.channel
),

final as (
    select
        period,
        period_start,
        channel_role,
        from_channel,
        to_channel,
        is_crossing,
        cast(customers as bigint) as customers,
        cast(transitions as bigint) as transitions,
        cast(transitions_from as bigint) as transitions_from,
        identified_share,
        cast(transitions as double) / transitions_from as transition_share,
        is_complete,
        transitions_from >= {{ var('reliability')['min_n'] }} as is_reliable
    from measured
)

select * from final
