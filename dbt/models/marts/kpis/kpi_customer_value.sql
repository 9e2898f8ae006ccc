with

customers as (
    select * from {{ ref('int_customer_profiles') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where not is_cancelled
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

segments as (
    select * from {{ ref('int_customer_segments') }}
),

-- A period still running is measured up to the last day observed.
periods as (
    select
        period,
        period_start,
        segments_as_of,
        is_complete,
        max(date_day) as last_date
    from date_periods
    where is_observed
    group by period, period_start, segments_as_of, is_complete
),

customer_values as (
    select * from {{ ref('int_customer_value') }}
),

as_of_dates as (
    select distinct segments_as_of from periods
),

-- What adds to the worth of the customer base, on the day it does.
events as (
    select
        customer_id,
        least({{ local_date('first_seen_at') }}, {{ local_date('first_order_at') }}) as event_date,
        1 as customers,
        0 as buyers,
        0 as orders,
        0 as orders_without_cost,
        cast(0 as {{ money_type() }}) as net_revenue,
        cast(0 as {{ money_type() }}) as costs
    from customers
    where is_known

    union all

    select
        customer_id,
        ordered_date as event_date,
        0 as customers,
        case when is_first_order then 1 else 0 end as buyers,
        1 as orders,
        case when cost_of_goods is null then 1 else 0 end as orders_without_cost,
        gross_revenue - discount as net_revenue,
        coalesce(cost_of_goods, 0) + commission as costs
    from orders

    union all

    select
        customer_id,
        refunded_date as event_date,
        0 as customers,
        0 as buyers,
        0 as orders,
        0 as orders_without_cost,
        -refund as net_revenue,
        cast(0 as {{ money_type() }}) as costs
    from refunds
),

-- Summed by day first, so that periods meet days and not events.
by_day as (
    select
        as_of_dates.segments_as_of,
        case
            when events.customer_id = 'unknown' then 'unknown'
            else coalesce(segments.omnichannel_level, 'none')
        end as omnichannel_level,
        case
            when events.customer_id = 'unknown' then 'unknown'
            else coalesce(segments.rfm_segment, 'not_yet_known')
        end as rfm_segment,
        customers.acquisition_channel,
        events.event_date,
        sum(events.customers) as customers,
        sum(events.buyers) as buyers,
        sum(events.orders) as orders,
        sum(events.orders_without_cost) as orders_without_cost,
        sum(events.net_revenue) as net_revenue,
        sum(events.costs) as costs
    from events
    inner join customers
        on events.customer_id = customers.customer_id
    cross join as_of_dates
    left join segments
        on
            events.customer_id = segments.customer_id
            and as_of_dates.segments_as_of = segments.as_of_date
    group by
        as_of_dates.segments_as_of,
        case
            when events.customer_id = 'unknown' then 'unknown'
            else coalesce(segments.omnichannel_level, 'none')
        end,
        case
            when events.customer_id = 'unknown' then 'unknown'
            else coalesce(segments.rfm_segment, 'not_yet_known')
        end,
        customers.acquisition_channel,
        events.event_date
),

-- What to expect is known as of the last day observed, so the periods that hold it alone show it.
expected as (
    select
        periods.period,
        periods.period_start,
        coalesce(segments.omnichannel_level, 'none') as omnichannel_level,
        coalesce(segments.rfm_segment, 'not_yet_known') as rfm_segment,
        customers.acquisition_channel,
        count(*) as predicted_customers,
        sum(cast(customer_values.expected_orders_365d as {{ money_type() }})) as predicted_orders_365d,
        sum(cast(customer_values.clv_12m as {{ money_type() }})) as predicted_margin_12m
    from customer_values
    inner join customers
        on customer_values.customer_id = customers.customer_id
    inner join periods
        on periods.last_date = {{ data_end_date() }}
    left join segments
        on
            customer_values.customer_id = segments.customer_id
            and periods.segments_as_of = segments.as_of_date
    group by
        periods.period,
        periods.period_start,
        coalesce(segments.omnichannel_level, 'none'),
        coalesce(segments.rfm_segment, 'not_yet_known'),
        customers.acquisition_channel
),

summed as (
    select
        periods.period,
        periods.period_start,
        periods.is_complete,
        by_day.omnichannel_level,
        by_day.rfm_segment,
        by_day.acquisition_channel,
        sum(by_day.customers) as customers,
        sum(by_day.buyers) as buyers,
        sum(by_day.orders) as orders,
        sum(by_day.orders_without_cost) as orders_without_cost,
        sum(by_day.net_revenue) as net_revenue,
        sum(by_day.costs) as costs
    from periods
    inner join by_day
        on
            periods.segments_as_of = by_day.segments_as_of
            and periods.last_date >= by_day.event_date
    group by
        periods.period,
        periods.period_start,
        periods.is_complete,
        by_day.omnichannel_level,
        by_day.rfm_segment,
        by_day.acquisition_channel
),

shared as (
    select
        *,
        sum(orders) over (partition by period, period_start) as all_orders,
        sum(case when omnichannel_level <> 'unknown' then orders else 0 end) over (partition by period, period_start)
            as identified_orders
    from summed
),

final as (
    select
        shared.period,
        shared.period_start,
        shared.omnichannel_level,
        shared.rfm_segment,
        shared.acquisition_channel,
        cast(shared.customers as bigint) as customers,
        cast(shared.buyers as bigint) as buyers,
        cast(shared.orders as bigint) as orders,
        cast(shared.orders_without_cost as bigint) as orders_without_cost,
        cast(shared.net_revenue as {{ money_type() }}) as net_revenue,
        case
            when shared.orders_without_cost = 0
                then cast(shared.net_revenue - shared.costs as {{ money_type() }})
        end as margin,
        expected.predicted_customers,
        cast(expected.predicted_orders_365d as {{ money_type() }}) as predicted_orders_365d,
        cast(expected.predicted_margin_12m as {{ money_type() }}) as predicted_margin_12m,
        case
            when shared.all_orders > 0 then cast(shared.identified_orders as double) / shared.all_orders
        end as identified_share,
        case
            when shared.customers > 0 then cast(shared.net_revenue as double) / shared.customers
        end as net_revenue_per_customer,
        case
            when shared.customers > 0 and shared.orders_without_cost = 0
                then cast(shared.net_revenue - shared.costs as double) / shared.customers
        end as margin_per_customer,
        shared.is_complete,
        shared.customers >= {{ var('reliability')['min_n'] }} as is_reliable
    from shared
    left join expected
        on
            shared.period = expected.period
            and shared.period_start = expected.period_start
            and shared.omnichannel_level = expected.omnichannel_level
            and shared.rfm_segment = expected.rfm_segment
            and shared.acquisition_channel = expected.acquisition_channel
)

select * from final
