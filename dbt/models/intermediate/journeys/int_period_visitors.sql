with

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

customers as (
    select * from {{ ref('int_customer_profiles') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

segments as (
    select * from {{ ref('int_customer_segments') }}
),

visits as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.segments_as_of,
        touchpoints.customer_id,
        min(touchpoints.touched_at) as first_touched_at
    from touchpoints
    inner join customers
        on touchpoints.customer_id = customers.customer_id
    inner join date_periods
        on
            touchpoints.touched_date = date_periods.date_day
            and {{ local_date('customers.first_seen_at') }} < date_periods.period_start
    where touchpoints.customer_id <> 'unknown'
    group by date_periods.period, date_periods.period_start, date_periods.segments_as_of, touchpoints.customer_id
),

final as (
    select
        visits.period,
        visits.period_start,
        visits.customer_id,
        coalesce(segments.omnichannel_level, 'none') as segment,
        visits.first_touched_at
    from visits
    left join segments
        on
            visits.customer_id = segments.customer_id
            and visits.segments_as_of = segments.as_of_date
)

select * from final
