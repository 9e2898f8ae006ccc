with

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
    where
        is_observed
        and period <> 'week'
),

segments as (
    select * from {{ ref('customer_segments_monthly') }}
),

-- A period still running is looked at on the last day observed.
periods as (
    select
        period,
        period_start,
        segments_as_of,
        is_complete,
        {{ period_start('month', 'max(date_day)') }} as last_month
    from date_periods
    group by period, period_start, segments_as_of, is_complete
),

states as (
    select
        customer_id,
        month,
        as_of_date,
        'rfm' as segmentation,
        rfm_segment as segment
    from segments

    union all

    select
        customer_id,
        month,
        as_of_date,
        'omnichannel' as segmentation,
        omnichannel_level as segment
    from segments
),

moved as (
    select
        periods.period,
        periods.period_start,
        periods.is_complete,
        ends.segmentation,
        coalesce(starts.segment, 'not_yet_known') as from_segment,
        ends.segment as to_segment,
        count(*) as customers
    from periods
    inner join states as ends
        on periods.last_month = ends.month
    left join states as starts
        on
            ends.customer_id = starts.customer_id
            and ends.segmentation = starts.segmentation
            and periods.segments_as_of = starts.as_of_date
    group by
        periods.period,
        periods.period_start,
        periods.is_complete,
        ends.segmentation,
        coalesce(starts.segment, 'not_yet_known'),
        ends.segment
),

shared as (
    select
        *,
        sum(customers) over (partition by period, period_start, segmentation, from_segment) as customers_from
    from moved
),

final as (
    select
        period,
        period_start,
        segmentation,
        from_segment,
        to_segment,
        customers,
        cast(customers_from as bigint) as customers_from,
        cast(customers as double) / customers_from as movement_share,
        is_complete,
        customers_from >= {{ var('reliability')['min_n'] }} as is_reliable
    from shared
)

select * from final
