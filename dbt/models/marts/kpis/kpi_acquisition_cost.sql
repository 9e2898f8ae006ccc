{%- set purposes = ['acquisition', 'retention', 'brand', 'unclassified'] -%}

with

channels as (
    select * from {{ ref('int_channel_periods') }}
),

channel_spend as (
    select * from {{ ref('int_channel_spend') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
    where is_observed
),

spent as (
    select
        date_periods.period,
        date_periods.period_start,
        channel_spend.touch_channel,
        channel_spend.spend_purpose,
        sum(case when channel_spend.cost_kind = 'allocated' then 0 else channel_spend.cost end) as spend,
        sum(case when channel_spend.cost_kind = 'allocated' then channel_spend.cost else 0 end) as allocated_cost
    from channel_spend
    inner join date_periods
        on channel_spend.date_day = date_periods.date_day
    group by
        date_periods.period, date_periods.period_start, channel_spend.touch_channel, channel_spend.spend_purpose
),

spent_for as (
    select
        period,
        period_start,
        touch_channel,
        spend_purpose,
        spend,
        allocated_cost
    from spent

    union all

    select
        period,
        period_start,
        touch_channel,
        'all' as spend_purpose,
        sum(spend) as spend,
        sum(allocated_cost) as allocated_cost
    from spent
    group by period, period_start, touch_channel
),

purposes as (
    {% for purpose in purposes + ['all'] -%}
        select '{{ purpose }}' as spend_purpose
        {%- if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

by_channel as (
    select
        channels.period,
        channels.period_start,
        channels.touch_channel,
        channels.attribution_model,
        purposes.spend_purpose,
        channels.is_complete,
        channels.is_attributable,
        channels.new_customers,
        channels.orders,
        coalesce(spent_for.spend, 0) as spend,
        coalesce(spent_for.allocated_cost, 0) as allocated_cost
    from channels
    cross join purposes
    left join spent_for
        on
            channels.period = spent_for.period
            and channels.period_start = spent_for.period_start
            and channels.touch_channel = spent_for.touch_channel
            and purposes.spend_purpose = spent_for.spend_purpose
),

-- Whichever model shares orders out, all channels together have them all; the last touch has each whole.
blended as (
    select
        period,
        period_start,
        'all' as touch_channel,
        'blended' as attribution_model,
        spend_purpose,
        is_complete,
        true as is_attributable,
        sum(new_customers) as new_customers,
        sum(orders) as orders,
        sum(spend) as spend,
        sum(allocated_cost) as allocated_cost
    from by_channel
    where attribution_model = 'last_touch'
    group by period, period_start, spend_purpose, is_complete
),

measured as (
    select * from by_channel
    union all
    select * from blended
),

final as (
    select
        period,
        period_start,
        touch_channel,
        attribution_model,
        spend_purpose,
        new_customers,
        orders,
        cast(spend as {{ money_type() }}) as spend,
        cast(allocated_cost as {{ money_type() }}) as allocated_cost,
        cast(spend + allocated_cost as {{ money_type() }}) as cost,
        case
            when spend_purpose = 'all' and is_attributable then cast(spend as double) / nullif(orders, 0)
        end as cost_per_order,
        case
            when spend_purpose = 'acquisition' and is_attributable then cast(spend as double) / nullif(new_customers, 0)
        end as cac,
        is_complete,
        case when spend_purpose = 'acquisition' then new_customers else orders end
        >= {{ var('reliability')['min_n'] }} as is_reliable
    from measured
)

select * from final
