{%- set objectives = var('objectives') -%}
{%- set active_days = var('windows')['active_days'] -%}
{%- set min_n = var('reliability')['min_n'] -%}

with

survey_responses as (
    select * from {{ ref('fct_survey_responses') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

segments as (
    select * from {{ ref('int_customer_segments') }}
),

-- The first row only gives the columns their types, so that no objective at all is an empty table.
declared as (
    select
        cast(null as {{ text_type() }}) as objective,
        cast(null as {{ text_type() }}) as kpi,
        cast(null as {{ text_type() }}) as dimension,
        cast(null as {{ text_type() }}) as owner,
        cast(null as {{ text_type() }}) as target_kind,
        cast(null as {{ text_type() }}) as direction,
        cast(null as date) as start,
        cast(null as date) as due,
        cast(null as double) as target_setting
    {%- for objective in objectives %}

        union all

        select
            {%- for text in ['objective', 'kpi', 'dimension', 'owner', 'target_kind', 'direction'] %}
                {{ dbt.string_literal(dbt.escape_single_quotes(objective[text])) }} as {{ text }},
            {%- endfor %}
            cast('{{ objective["start"] }}' as date) as start,
            cast('{{ objective["due"] }}' as date) as due,
            cast({{ objective['target'] }} as double) as target_setting
    {%- endfor %}
),

-- Measured up to the last day observed, and no longer once the objective is due.
objectives as (
    select
        *,
        {{ add_months('start', -12) }} as baseline_start,
        {{ add_days('start', -1) }} as baseline_end,
        least({{ data_end_date() }}, due) as measured_until
    from declared
    where objective is not null
),

parts as (
    select
        objective,
        kpi,
        dimension,
        'baseline' as part,
        baseline_start as from_date,
        baseline_end as until_date
    from objectives

    union all

    select
        objective,
        kpi,
        dimension,
        'actual' as part,
        start as from_date,
        measured_until as until_date
    from objectives
    where measured_until >= start
),

answers as (
    select
        parts.objective,
        parts.kpi,
        parts.part,
        survey_responses.score
    from parts
    inner join survey_responses
        on
            parts.kpi = survey_responses.survey
            and survey_responses.invited_date between parts.from_date and parts.until_date
    where
        survey_responses.score is not null
        and (
            parts.dimension = 'all'
            or parts.dimension = survey_responses.survey_type
            or parts.dimension = survey_responses.interaction_type
            or parts.dimension = survey_responses.channel_role
            or parts.dimension = survey_responses.channel
        )
),

nps_shares as (
    select
        objective,
        part,
        count(*) as n,
        avg(case when score >= 9 then 1e0 when score <= 6 then -1e0 else 0e0 end) as net_share,
        (sum(case when score >= 9 then 1 else 0 end) + 0.75e0) / (count(*) + 3) as adjusted_promoters,
        (sum(case when score <= 6 then 1 else 0 end) + 0.75e0) / (count(*) + 3) as adjusted_detractors
    from answers
    where kpi = 'nps'
    group by objective, part
),

nps as (
    select
        objective,
        part,
        n,
        100e0 * net_share as measured,
        100e0 * (adjusted_promoters - adjusted_detractors) as centre,
        196e0 * sqrt(
            (
                adjusted_promoters + adjusted_detractors
                - (adjusted_promoters - adjusted_detractors) * (adjusted_promoters - adjusted_detractors)
            ) / (n + 3)
        ) as half_width
    from nps_shares
),

csat_counts as (
    select
        objective,
        part,
        count(*) as n,
        sum(case when score >= 4 then 1 else 0 end) as hits
    from answers
    where kpi = 'csat'
    group by objective, part
),

order_days as (
    select distinct
        customer_id,
        ordered_date
    from orders
    where
        customer_id <> 'unknown'
        and not is_cancelled
),

history as (
    select min(ordered_date) as first_ordered_date
    from orders
    where not is_cancelled
),

active_at_start as (
    select distinct
        parts.objective,
        parts.part,
        parts.from_date,
        parts.until_date,
        order_days.customer_id
    from parts
    inner join order_days
        on
            parts.from_date > order_days.ordered_date
            and order_days.ordered_date >= {{ add_days('parts.from_date', -active_days) }}
    inner join history
        on history.first_ordered_date <= {{ add_days('parts.from_date', -active_days) }}
    left join segments
        on
            order_days.customer_id = segments.customer_id
            and segments.as_of_date = {{ period_start('month', 'parts.from_date') }}
    where
        parts.kpi = 'retention_rate'
        and (
            parts.dimension = 'all'
            or parts.dimension = coalesce(segments.omnichannel_level, 'none')
        )
),

still_active as (
    select distinct
        active_at_start.objective,
        active_at_start.part,
        active_at_start.customer_id
    from active_at_start
    inner join order_days
        on
            active_at_start.customer_id = order_days.customer_id
            and active_at_start.until_date >= order_days.ordered_date
            and order_days.ordered_date >= least(
                active_at_start.from_date, {{ add_days('active_at_start.until_date', 1 - active_days) }}
            )
),

retention_counts as (
    select
        active_at_start.objective,
        active_at_start.part,
        count(*) as n,
        count(still_active.customer_id) as hits
    from active_at_start
    left join still_active
        on
            active_at_start.objective = still_active.objective
            and active_at_start.part = still_active.part
            and active_at_start.customer_id = still_active.customer_id
    group by active_at_start.objective, active_at_start.part
),

shares as (
    select
        objective,
        part,
        n,
        cast(hits as double) / n as measured,
        (hits + 2e0) / (n + 4) as centre,
        1.96e0 * sqrt(((hits + 2e0) / (n + 4)) * (1 - (hits + 2e0) / (n + 4)) / (n + 4)) as half_width
    from (
        select * from csat_counts
        union all
        select * from retention_counts
    ) as counts
),

revenue_rows as (
    select
        parts.objective,
        parts.part,
        1 as is_order,
        cast(orders.gross_revenue - orders.discount as {{ money_type() }}) as amount
    from parts
    inner join orders
        on
            orders.ordered_date between parts.from_date and parts.until_date
            and (parts.dimension = 'all' or parts.dimension = orders.sales_channel)
    where
        parts.kpi = 'net_revenue'
        and not orders.is_cancelled

    union all

    select
        parts.objective,
        parts.part,
        0 as is_order,
        cast(-refunds.refund as {{ money_type() }}) as amount
    from parts
    inner join refunds
        on
            refunds.refunded_date between parts.from_date and parts.until_date
            and (parts.dimension = 'all' or parts.dimension = refunds.sales_channel)
    where parts.kpi = 'net_revenue'
),

-- Scaled to twelve months by the days observed, so that a year in progress compares with a whole one.
revenue_scales as (
    select
        parts.objective,
        parts.part,
        cast({{ days_between('parts.from_date', add_months('parts.from_date', 12)) }} as double)
        / nullif(
            {{ days_between('greatest(parts.from_date, history.first_ordered_date)', 'parts.until_date') }} + 1, 0
        ) as scale
    from parts
    cross join history
    where
        parts.kpi = 'net_revenue'
        and history.first_ordered_date <= parts.until_date
),

-- The interval is that of a compound Poisson total: the variance of a sum of independent orders is the sum of squares.
revenue as (
    select
        revenue_scales.objective,
        revenue_scales.part,
        coalesce(sum(revenue_rows.is_order), 0) as n,
        cast(coalesce(sum(revenue_rows.amount), 0) as double) * max(revenue_scales.scale) as measured,
        cast(coalesce(sum(revenue_rows.amount), 0) as double) * max(revenue_scales.scale) as centre,
        1.96e0 * sqrt(cast(coalesce(sum(revenue_rows.amount * revenue_rows.amount), 0) as double))
        * max(revenue_scales.scale) as half_width
    from revenue_scales
    left join revenue_rows
        on
            revenue_scales.objective = revenue_rows.objective
            and revenue_scales.part = revenue_rows.part
    group by revenue_scales.objective, revenue_scales.part
),

measures as (
    select * from nps
    union all
    select * from shares
    union all
    select * from revenue
),

targeted as (
    select
        objectives.*,
        coalesce(baselines.n, 0) as baseline_n,
        baselines.measured as baseline,
        coalesce(actuals.n, 0) as n,
        actuals.measured as actual,
        actuals.centre - actuals.half_width as actual_low,
        actuals.centre + actuals.half_width as actual_high,
        case objectives.target_kind
            when 'absolute' then objectives.target_setting
            when 'relative' then baselines.measured * (1 + objectives.target_setting)
            when 'points' then baselines.measured + objectives.target_setting
        end as target,
        case
            when objectives.measured_until < objectives.start then 0e0
            else
                cast({{ days_between('objectives.start', 'objectives.measured_until') }} as double)
                / nullif({{ days_between('objectives.start', 'objectives.due') }}, 0)
        end as elapsed_share
    from objectives
    left join measures as baselines
        on
            objectives.objective = baselines.objective
            and baselines.part = 'baseline'
    left join measures as actuals
        on
            objectives.objective = actuals.objective
            and actuals.part = 'actual'
),

expected as (
    select
        *,
        baseline + (target - baseline) * elapsed_share as expectation
    from targeted
),

-- `worst` and `best` are the ends of the interval seen from the direction the objective wants.
oriented as (
    select
        *,
        case direction when 'higher' then actual_low else -actual_high end as worst,
        case direction when 'higher' then actual_high else -actual_low end as best,
        case direction when 'higher' then expectation else -expectation end as wanted_now,
        case direction when 'higher' then target else -target end as wanted_when_due
    from expected
),

final as (
    select
        objective,
        kpi,
        dimension,
        owner,
        target_kind,
        direction,
        baseline_start,
        baseline_end,
        cast(baseline_n as bigint) as baseline_n,
        baseline,
        start,
        due,
        target_setting,
        target,
        measured_until,
        cast(n as bigint) as n,
        round(actual_low, 4) as actual_low,
        round(actual_high, 4) as actual_high,
        actual,
        expectation,
        (actual - baseline) / nullif(expectation - baseline, 0) as pace,
        case
            when worst is null or wanted_now is null then 'not_measurable'
            when worst < wanted_now and best > wanted_now then 'uncertain'
            when best <= wanted_now and worst < wanted_now then 'behind'
            when worst >= wanted_when_due then 'ahead'
            else 'on_track'
        end as status,
        n >= {{ min_n }} as is_reliable
    from oriented
)

select * from final
