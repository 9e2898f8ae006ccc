{%- set models = ['last_touch', 'linear', 'markov'] -%}

with

ad_spend as (
    select * from {{ ref('fct_ad_spend') }}
),

credits as (
    select * from {{ ref('int_attribution_by_day') }}
    where model in ('{{ models | join("', '") }}')
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
    where is_observed
),

campaigns as (
    select distinct
        platform,
        campaign_id
    from ad_spend
),

claimed as (
    select
        date_periods.period,
        date_periods.period_start,
        ad_spend.platform,
        ad_spend.campaign_id,
        sum(ad_spend.cost) as spend,
        sum(ad_spend.claimed_conversions) as claimed_conversions,
        sum(ad_spend.claimed_revenue) as claimed_revenue
    from ad_spend
    inner join date_periods
        on ad_spend.spend_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, ad_spend.platform, ad_spend.campaign_id
),

credited as (
    select
        date_periods.period,
        date_periods.period_start,
        campaigns.platform,
        {%- for model in models %}
            sum(case when credits.model = '{{ model }}' then credits.conversions else 0 end) as {{ model }}_orders,
            sum(case when credits.model = '{{ model }}' then credits.net_revenue else 0 end) as {{ model }}_revenue,
        {%- endfor %}
        campaigns.campaign_id
    from credits
    inner join campaigns
        on credits.campaign_id = campaigns.campaign_id
    inner join date_periods
        on credits.ordered_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, campaigns.platform, campaigns.campaign_id
),

cells as (
    select
        period,
        period_start,
        platform,
        campaign_id
    from claimed
    union
    select
        period,
        period_start,
        platform,
        campaign_id
    from credited
),

periods as (
    select distinct
        period,
        period_start,
        is_complete
    from date_periods
),

measured as (
    select
        cells.period,
        cells.period_start,
        cells.platform,
        cells.campaign_id,
        periods.is_complete,
        cast(coalesce(claimed.spend, 0) as {{ money_type() }}) as spend,
        cast(claimed.claimed_conversions as {{ money_type() }}) as claimed_conversions,
        {%- for model in models %}
            coalesce(credited.{{ model }}_orders, 0e0) as {{ model }}_orders,
            coalesce(credited.{{ model }}_revenue, 0e0) as {{ model }}_revenue,
        {%- endfor %}
        cast(claimed.claimed_revenue as {{ money_type() }}) as claimed_revenue
    from cells
    inner join periods
        on
            cells.period = periods.period
            and cells.period_start = periods.period_start
    left join claimed
        on
            cells.period = claimed.period
            and cells.period_start = claimed.period_start
            and cells.platform = claimed.platform
            and cells.campaign_id = claimed.campaign_id
    left join credited
        on
            cells.period = credited.period
            and cells.period_start = credited.period_start
            and cells.platform = credited.platform
            and cells.campaign_id = credited.campaign_id
),

final as (
    select
        period,
        period_start,
        platform,
        campaign_id,
        spend,
        claimed_conversions,
        claimed_revenue,
        {%- for model in models %}
            {{ model }}_orders,
            {{ model }}_revenue,
        {%- endfor %}
        {%- for model in models %}
            cast(claimed_conversions as double) / nullif({{ model }}_orders, 0) as claimed_per_{{ model }}_order,
        {%- endfor %}
        is_complete,
        least({{ models | join('_orders, ') }}_orders)
        >= {{ var('reliability')['min_n'] }} as is_reliable
    from measured
)

select * from final
