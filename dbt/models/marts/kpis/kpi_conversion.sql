with

visitors as (
    select * from {{ ref('int_period_visitors') }}
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

sign_ups as (
    select * from {{ ref('fct_sign_ups') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

conversions as (
    select
        'purchase' as conversion_type,
        customer_id,
        ordered_at as converted_at,
        ordered_date as converted_date
    from orders
    where
        customer_id <> 'unknown'
        and not is_cancelled

    union all

    select
        case sign_up_type when 'account' then 'sign_up' else sign_up_type end as conversion_type,
        customer_id,
        signed_up_at as converted_at,
        signed_up_date as converted_date
    from sign_ups
    where customer_id <> 'unknown'
),

-- What was done before the first touch of the period no touch of it can have brought about.
converters as (
    select distinct
        visitors.period,
        visitors.period_start,
        conversions.conversion_type,
        visitors.customer_id
    from conversions
    inner join date_periods
        on conversions.converted_date = date_periods.date_day
    inner join visitors
        on
            date_periods.period = visitors.period
            and date_periods.period_start = visitors.period_start
            and conversions.customer_id = visitors.customer_id
            and conversions.converted_at >= visitors.first_touched_at
),

first_sign_ups as (
    select
        conversion_type,
        customer_id,
        min(converted_date) as first_converted_date
    from conversions
    where conversion_type <> 'purchase'
    group by conversion_type, customer_id
),

periods as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        count(touchpoints.touchpoint_id) as touches,
        sum(case when touchpoints.customer_id <> 'unknown' then 1 else 0 end) as identified_touches
    from date_periods
    left join touchpoints
        on date_periods.date_day = touchpoints.touched_date
    where date_periods.is_observed
    group by date_periods.period, date_periods.period_start, date_periods.is_complete
),

conversion_types as (
    {% for conversion_type in ['purchase', 'sign_up', 'loyalty', 'app'] -%}
        select '{{ conversion_type }}' as conversion_type
        {%- if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

segments as (
    {% for segment in ['all', 'none', 'single', 'multi', 'omni'] -%}
        select '{{ segment }}' as segment
        {%- if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

counted as (
    select
        visitors.period,
        visitors.period_start,
        conversion_types.conversion_type,
        visitors.segment,
        count(*) as visitors,
        sum(case when first_sign_ups.first_converted_date < visitors.period_start then 0 else 1 end)
            as eligible_visitors,
        count(converters.customer_id) as converters,
        sum(
            case
                when first_sign_ups.first_converted_date < visitors.period_start then 0
                when converters.customer_id is not null then 1
                else 0
            end
        ) as eligible_converters
    from visitors
    cross join conversion_types
    left join converters
        on
            visitors.period = converters.period
            and visitors.period_start = converters.period_start
            and visitors.customer_id = converters.customer_id
            and conversion_types.conversion_type = converters.conversion_type
    left join first_sign_ups
        on
            visitors.customer_id = first_sign_ups.customer_id
            and conversion_types.conversion_type = first_sign_ups.conversion_type
    group by visitors.period, visitors.period_start, conversion_types.conversion_type, visitors.segment
),

measured as (
    select
        periods.period,
        periods.period_start,
        conversion_types.conversion_type,
        segments.segment,
        periods.is_complete,
        periods.touches,
        periods.identified_touches,
        coalesce(sum(counted.visitors), 0) as visitors,
        coalesce(sum(counted.eligible_visitors), 0) as eligible_visitors,
        coalesce(sum(counted.converters), 0) as converters,
        coalesce(sum(counted.eligible_converters), 0) as eligible_converters
    from periods
    cross join conversion_types
    cross join segments
    left join counted
        on
            periods.period = counted.period
            and periods.period_start = counted.period_start
            and conversion_types.conversion_type = counted.conversion_type
            and segments.segment in ('all', counted.segment)
    group by
        periods.period,
        periods.period_start,
        conversion_types.conversion_type,
        segments.segment,
        periods.is_complete,
        periods.touches,
        periods.identified_touches
),

final as (
    select
        period,
        period_start,
        conversion_type,
        segment,
        cast(converters as bigint) as converters,
        cast(visitors as bigint) as visitors,
        cast(eligible_converters as bigint) as eligible_converters,
        cast(eligible_visitors as bigint) as eligible_visitors,
        case when touches > 0 then cast(identified_touches as double) / touches end as identified_share,
        case when eligible_visitors > 0 then cast(eligible_converters as double) / eligible_visitors end
            as eligible_conversion_rate,
        case when visitors > 0 then cast(converters as double) / visitors end as conversion_rate,
        is_complete,
        visitors >= {{ var('reliability')['min_n'] }} as is_reliable
    from measured
)

select * from final
