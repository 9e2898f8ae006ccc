{#- Credits and spend by period, model and `dimensions` (columns of int_attribution_by_day and int_channel_spend), with
    the CTEs they are made of. Credits count by date of order, spend by its own date; a channel may have one without the
    other. `spend` is media and running cost. -#}
{% macro attribution_by_period(dimensions) -%}
    with

    credits as (
        select * from {{ ref('int_attribution_by_day') }}
    ),

    channel_spend as (
        select * from {{ ref('int_channel_spend') }}
        where cost_kind <> 'allocated'
    ),

    date_periods as (
        select * from {{ ref('bridge_date_periods') }}
        where is_observed
    ),

    models as (
        {{ attribution_model_rows() }}
    ),

    events as (
        select
            ordered_date as date_day,
            {%- for dimension in dimensions %}
                coalesce({{ dimension }}, 'none') as {{ dimension }},
            {%- endfor %}
            model,
            conversions,
            new_customers,
            net_revenue,
            margin,
            conversions_without_cost,
            cast(0 as {{ money_type() }}) as spend
        from credits

        union all

        select
            channel_spend.date_day,
            {%- for dimension in dimensions %}
                coalesce(channel_spend.{{ dimension }}, 'none') as {{ dimension }},
            {%- endfor %}
            models.attribution_model as model,
            0 as conversions,
            0 as new_customers,
            0 as net_revenue,
            0 as margin,
            0 as conversions_without_cost,
            channel_spend.cost as spend
        from channel_spend
        cross join models
    ),

    by_period as (
        select
            date_periods.period,
            date_periods.period_start,
            date_periods.is_complete,
            {%- for dimension in dimensions %}
                events.{{ dimension }},
            {%- endfor %}
            events.model,
            cast(sum(events.conversions) as double) as conversions,
            cast(sum(events.new_customers) as double) as new_customers,
            cast(sum(events.net_revenue) as double) as net_revenue,
            cast(sum(events.margin) as double) as margin,
            cast(sum(events.conversions_without_cost) as double) as conversions_without_cost,
            cast(sum(events.spend) as {{ money_type() }}) as spend
        from events
        inner join date_periods
            on events.date_day = date_periods.date_day
        group by
            date_periods.period,
            date_periods.period_start,
            date_periods.is_complete,
            {%- for dimension in dimensions %}
                events.{{ dimension }},
            {%- endfor %}
            events.model
    )
{%- endmacro %}
