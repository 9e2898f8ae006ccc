{%- set segmentations = {'rfm': 'rfm_segment', 'omnichannel': 'omnichannel_level', 'persona': 'persona_name'} -%}

with

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
    where
        is_observed
        and period <> 'week'
),

segments as (
    select * from {{ ref('int_customer_segments') }}
),

-- With those who do not consent to profiling: they count in sums.
personas as (
    select * from {{ ref('int_customer_personas') }}
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
        segments.customer_id,
        segments.month,
        segments.as_of_date,
        segments.rfm_segment,
        segments.omnichannel_level,
        coalesce(personas.persona_name, 'none') as persona_name
    from segments
    left join personas
        on
            segments.customer_id = personas.customer_id
            and segments.month = personas.month
),

moved as (
    select
        periods.period,
        periods.period_start,
        periods.segments_as_of,
        periods.is_complete,
        {%- for segment in segmentations.values() %}
            coalesce(starts.{{ segment }}, 'not_yet_known') as from_{{ segment }},
            ends.{{ segment }} as to_{{ segment }},
        {%- endfor %}
        count(*) as customers
    from periods
    inner join states as ends
        on periods.last_month = ends.month
    left join states as starts
        on
            ends.customer_id = starts.customer_id
            and periods.segments_as_of = starts.as_of_date
    group by
        {%- for segment in segmentations.values() %}
            coalesce(starts.{{ segment }}, 'not_yet_known'),
            ends.{{ segment }},
        {%- endfor %}
        periods.period,
        periods.period_start,
        periods.segments_as_of,
        periods.is_complete
),

movements as (
    {%- for segmentation, segment in segmentations.items() %}
        select
            period,
            period_start,
            is_complete,
            '{{ segmentation }}' as segmentation,
            from_{{ segment }} as from_segment,
            to_{{ segment }} as to_segment,
            sum(customers) as customers
        from moved
        {%- if segmentation == 'persona' %}
            where segments_as_of > (select min(month) from personas)
        {%- endif %}
        group by period, period_start, is_complete, from_{{ segment }}, to_{{ segment }}
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}
),

shared as (
    select
        *,
        sum(customers) over (partition by period, period_start, segmentation, from_segment) as customers_from
    from movements
),

final as (
    select
        period,
        period_start,
        segmentation,
        from_segment,
        to_segment,
        cast(customers as bigint) as customers,
        cast(customers_from as bigint) as customers_from,
        cast(customers as double) / customers_from as movement_share,
        is_complete,
        customers_from >= {{ var('reliability')['min_n'] }} as is_reliable
    from shared
)

select * from final
