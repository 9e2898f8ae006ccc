{%- set active_days = var('windows')['active_days'] -%}
{%- set rules = var('channel_matrix') -%}
{%- set models = attribution_models() -%}

with

channels as (
    select * from {{ ref('int_channel_periods') }}
    where period in ('quarter', 'year')
),

credits as (
    select * from {{ ref('int_attribution_credits') }}
    where is_first_order
),

channel_spend as (
    select * from {{ ref('int_channel_spend') }}
    where cost_kind <> 'allocated'
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where
        not is_cancelled
        and customer_id <> 'unknown'
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
    where
        is_observed
        and period in ('quarter', 'year')
),

touched_days as (
    select
        touched_date,
        touch_channel,
        customer_id,
        count(*) as touches
    from touchpoints
    group by touched_date, touch_channel, customer_id
),

audiences as (
    select
        date_periods.period,
        date_periods.period_start,
        touched_days.touch_channel,
        count(distinct case when touched_days.customer_id <> 'unknown' then touched_days.customer_id end) as audience,
        sum(case when touched_days.customer_id <> 'unknown' then touched_days.touches else 0 end)
            as identified_touches
    from touched_days
    inner join date_periods
        on touched_days.touched_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, touched_days.touch_channel
),

sequenced as (
    select
        customer_id,
        ordered_date,
        is_first_order,
        lead(ordered_date) over (partition by customer_id order by ordered_at, order_id) as next_ordered_date
    from orders
),

returned as (
    select
        customer_id,
        case
            when next_ordered_date <= {{ add_days('ordered_date', active_days) }} then 1e0
            else 0e0
        end as has_returned
    from sequenced
    where is_first_order
),

returned_by_day as (
    select
        credits.ordered_date,
        {%- for model in models %}
            sum(credits.{{ model }} * returned.has_returned) as {{ model }},
        {%- endfor %}
        credits.touch_channel
    from credits
    inner join returned
        on credits.customer_id = returned.customer_id
    group by credits.ordered_date, credits.touch_channel
),

retained_wide as (
    select
        date_periods.period,
        date_periods.period_start,
        {%- for model in models %}
            sum(returned_by_day.{{ model }}) as {{ model }},
        {%- endfor %}
        returned_by_day.touch_channel
    from returned_by_day
    inner join date_periods
        on returned_by_day.ordered_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, returned_by_day.touch_channel
),

retained as (
    {% for model in models -%}
        select
            period,
            period_start,
            touch_channel,
            '{{ model }}' as attribution_model,
            {{ model }} as retained_customers
        from retained_wide
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}
),

spent as (
    select
        date_periods.period,
        date_periods.period_start,
        channel_spend.touch_channel,
        channel_spend.spend_purpose,
        sum(channel_spend.cost) as spend
    from channel_spend
    inner join date_periods
        on channel_spend.date_day = date_periods.date_day
    group by
        date_periods.period, date_periods.period_start, channel_spend.touch_channel, channel_spend.spend_purpose
    having sum(channel_spend.cost) > 0
),

-- The purpose a channel spends most on; of equal ones the first by name.
ranked as (
    select
        *,
        row_number() over (
            partition by period, period_start, touch_channel order by spend desc, spend_purpose asc
        ) as purpose_rank
    from spent
),

measured as (
    select
        channels.*,
        coalesce(audiences.audience, 0) as audience,
        coalesce(audiences.identified_touches, 0) as identified_touches,
        round(coalesce(retained.retained_customers, 0e0), 9) as retained_customers,
        cast(channels.spend + channels.allocated_cost as {{ money_type() }}) as cost,
        sum(case when channels.attribution_model = 'first_touch' then channels.orders else 0e0 end) over (
            partition by channels.period, channels.period_start, channels.touch_channel
        ) as opened_orders,
        sum(case when channels.attribution_model = 'last_touch' then channels.orders else 0e0 end) over (
            partition by channels.period, channels.period_start, channels.touch_channel
        ) as closed_orders
    from channels
    left join audiences
        on
            channels.period = audiences.period
            and channels.period_start = audiences.period_start
            and channels.touch_channel = audiences.touch_channel
    left join retained
        on
            channels.period = retained.period
            and channels.period_start = retained.period_start
            and channels.touch_channel = retained.touch_channel
            and channels.attribution_model = retained.attribution_model
),

outcomes as (
    select
        measured.period,
        measured.period_start,
        measured.touch_channel,
        measured.attribution_model,
        ranked.spend_purpose,
        ranked.purpose_rank,
        ranked.spend,
        case ranked.spend_purpose
            when 'acquisition' then measured.new_customers
            when 'retention' then measured.orders - measured.new_customers
            when 'brand' then cast(measured.audience as double)
            else measured.orders
        end as outcome
    from measured
    inner join ranked
        on
            measured.period = ranked.period
            and measured.period_start = ranked.period_start
            and measured.touch_channel = ranked.touch_channel
    where measured.is_attributable
),

fits as (
    select
        period,
        period_start,
        touch_channel,
        attribution_model,
        spend_purpose,
        purpose_rank,
        round(
            outcome / nullif(
                sum(outcome) over (partition by period, period_start, attribution_model, spend_purpose), 0
            ), 9
        ) as outcome_share,
        cast(spend as double) / cast(
            sum(spend) over (partition by period, period_start, attribution_model, spend_purpose) as double
        ) as purpose_spend_share,
        sum(case when spend_purpose = 'acquisition' then spend else 0 end) over (
            partition by period, period_start, attribution_model, touch_channel
        ) as acquisition_spend
    from outcomes
),

joined as (
    select
        measured.*,
        fits.spend_purpose,
        fits.outcome_share,
        fits.purpose_spend_share,
        coalesce(fits.acquisition_spend, 0) as acquisition_spend,
        cast(measured.cost as double) / nullif(
            cast(
                sum(measured.cost) over (
                    partition by measured.period, measured.period_start, measured.attribution_model
                ) as double
            ), 0
        ) as resources,
        {{ matures_at('measured.period_end', active_days) }} as matures_at
    from measured
    left join fits
        on
            measured.period = fits.period
            and measured.period_start = fits.period_start
            and measured.touch_channel = fits.touch_channel
            and measured.attribution_model = fits.attribution_model
            and fits.purpose_rank = 1
),

final as (
    select
        period,
        period_start,
        touch_channel,
        attribution_model,
        cast(audience as bigint) as audience,
        interactions,
        orders,
        new_customers,
        case when matures_at <= {{ data_end_at() }} then retained_customers end as retained_customers,
        opened_orders,
        closed_orders,
        cost,
        cast(acquisition_spend as {{ money_type() }}) as acquisition_spend,
        case when interactions > 0 then cast(identified_touches as double) / interactions end as identified_share,
        case when is_attributable and audience > 0 then orders / audience end as conversion,
        case when is_attributable then cast(acquisition_spend as double) / nullif(new_customers, 0) end as cac,
        case
            when matures_at <= {{ data_end_at() }} and new_customers > 0
                then least(retained_customers / new_customers, 1e0)
        end as retention,
        spend_purpose as main_purpose,
        outcome_share,
        purpose_spend_share,
        outcome_share / purpose_spend_share as objective_fit,
        resources,
        case
            when not is_attributable then null
            when orders < {{ rules['min_conversions'] }} then 'marginal'
            when new_customers >= {{ rules['acquisition_share'] }}e0 * orders then 'acquisition'
            when opened_orders > 0 and opened_orders >= {{ rules['opening_ratio'] }}e0 * closed_orders then 'opening'
            when closed_orders > 0 and closed_orders >= {{ rules['opening_ratio'] }}e0 * opened_orders then 'closing'
            else 'supporting'
        end as role,
        is_complete,
        matures_at,
        orders >= {{ var('reliability')['min_n'] }} as is_reliable
    from joined
)

select * from final
