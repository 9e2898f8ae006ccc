{%- set touch_kinds = var('attribution_paths')['touch_kinds'] | join("', '") -%}

with

credits as (
    select * from {{ ref('int_attribution_by_day') }}
),

channel_spend as (
    select * from {{ ref('int_channel_spend') }}
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
    where is_observed
),

models as (
    {{ attribution_model_rows() }}
),

touches_by_day as (
    select
        touched_date,
        touch_channel,
        count(*) as interactions,
        max(
            case when touch_kind in ('{{ touch_kinds }}') then 1 else 0 end
        ) as has_attributed_kind
    from touchpoints
    group by touched_date, touch_channel
),

-- Channels all of whose touches are of kinds that share no order earn none, whatever they bring.
overlooked as (
    select touch_channel
    from touches_by_day
    group by touch_channel
    having max(has_attributed_kind) = 0
),

credited as (
    select
        date_periods.period,
        date_periods.period_start,
        credits.touch_channel,
        credits.model as attribution_model,
        sum(credits.conversions) as orders,
        sum(credits.new_customers) as new_customers,
        sum(credits.net_revenue) as net_revenue,
        sum(credits.margin) as margin,
        sum(credits.conversions_without_cost) as orders_without_cost
    from credits
    inner join date_periods
        on credits.ordered_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, credits.touch_channel, credits.model
),

spent as (
    select
        date_periods.period,
        date_periods.period_start,
        channel_spend.touch_channel,
        sum(case when channel_spend.cost_kind = 'allocated' then 0 else channel_spend.cost end) as spend,
        sum(case when channel_spend.cost_kind = 'allocated' then channel_spend.cost else 0 end) as allocated_cost
    from channel_spend
    inner join date_periods
        on channel_spend.date_day = date_periods.date_day
    group by date_periods.period, date_periods.period_start, channel_spend.touch_channel
),

touched as (
    select
        date_periods.period,
        date_periods.period_start,
        touches_by_day.touch_channel,
        sum(touches_by_day.interactions) as interactions
    from touches_by_day
    inner join date_periods
        on touches_by_day.touched_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, touches_by_day.touch_channel
),

periods as (
    select
        period,
        period_start,
        period_end,
        is_complete
    from date_periods
    group by period, period_start, period_end, is_complete
),

cells as (
    select
        period,
        period_start,
        touch_channel
    from credited
    union
    select
        period,
        period_start,
        touch_channel
    from spent
    union
    select
        period,
        period_start,
        touch_channel
    from touched
),

final as (
    select
        cells.period,
        cells.period_start,
        cells.touch_channel,
        models.attribution_model,
        periods.period_end,
        periods.is_complete,
        cells.touch_channel <> 'unattributed' and overlooked.touch_channel is null as is_attributable,
        cast(coalesce(touched.interactions, 0) as bigint) as interactions,
        cast(coalesce(credited.orders, 0) as double) as orders,
        cast(coalesce(credited.new_customers, 0) as double) as new_customers,
        cast(coalesce(credited.net_revenue, 0) as double) as net_revenue,
        case when coalesce(credited.orders_without_cost, 0) = 0 then cast(coalesce(credited.margin, 0) as double) end
            as margin,
        cast(coalesce(spent.spend, 0) as {{ money_type() }}) as spend,
        cast(coalesce(spent.allocated_cost, 0) as {{ money_type() }}) as allocated_cost
    from cells
    inner join periods
        on
            cells.period = periods.period
            and cells.period_start = periods.period_start
    cross join models
    left join credited
        on
            cells.period = credited.period
            and cells.period_start = credited.period_start
            and cells.touch_channel = credited.touch_channel
            and models.attribution_model = credited.attribution_model
    left join spent
        on
            cells.period = spent.period
            and cells.period_start = spent.period_start
            and cells.touch_channel = spent.touch_channel
    left join touched
        on
            cells.period = touched.period
            and cells.period_start = touched.period_start
            and cells.touch_channel = touched.touch_channel
    left join overlooked
        on cells.touch_channel = overlooked.touch_channel
)

select * from final
