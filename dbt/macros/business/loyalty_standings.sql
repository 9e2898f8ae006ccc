{#- Every known customer who held a loyalty card at some time of a period, once per period: their tier as of its start
    (of who joined later, the first), and whether they were a member before its first day and at its end. A period
    still running ends with the last day observed. -#}
{% macro loyalty_standings() -%}
    select
        periods.period,
        periods.period_start,
        spells.customer_id,
        max(case when coalesce(spells.told_until <= periods.period_start, true) then spells.tier end) as tier,
        max(case when spells.valid_from < periods.period_start then 1 else 0 end) as is_at_start,
        max(case when spells.valid_to is null or spells.valid_to > periods.measured_to then 1 else 0 end) as is_at_end
    from (
        select
            customer_id,
            tier,
            valid_from,
            valid_to,
            -- Until when earlier spells of the customer reach: in a period they do not reach, this one is the first.
            max(coalesce(valid_to, date '9999-12-31')) over (
                partition by customer_id
                order by valid_from, loyalty_membership_id
                rows between unbounded preceding and 1 preceding
            ) as told_until
        from {{ ref('fct_loyalty_memberships') }}
        where customer_id <> 'unknown'
    ) as spells
    inner join (
        select
            period,
            period_start,
            max(date_day) as measured_to
        from {{ ref('bridge_date_periods') }}
        where is_observed
        group by period, period_start
    ) as periods
        on
            spells.valid_from <= periods.measured_to
            and coalesce(spells.valid_to > periods.period_start, true)
    group by periods.period, periods.period_start, spells.customer_id
{%- endmacro %}

{#- What happened to the points of each customer in each period. Expiry is NULL where the programme has never told one:
    it is not measured then, rather than nil. -#}
{% macro loyalty_points() -%}
    select
        date_periods.period,
        date_periods.period_start,
        loyalty_events.customer_id,
        sum(case when loyalty_events.event_type = 'earn' then loyalty_events.points else 0 end) as points_earned,
        sum(case when loyalty_events.event_type = 'reward' then loyalty_events.points else 0 end) as points_rewarded,
        sum(case when loyalty_events.event_type = 'redeem' then -loyalty_events.points else 0 end) as points_burned,
        case
            when max(told.has_expiry) = 1
                then sum(case when loyalty_events.event_type = 'expire' then -loyalty_events.points else 0 end)
        end as points_expired,
        count(case when loyalty_events.event_type = 'tier_change' then 1 end) as tier_changes,
        max(case when loyalty_events.event_type in ('earn', 'redeem') then 1 else 0 end) as is_active
    from {{ ref('fct_loyalty_events') }} as loyalty_events
    inner join {{ ref('bridge_date_periods') }} as date_periods
        on loyalty_events.occurred_date = date_periods.date_day
    cross join (
        select max(case when event_type = 'expire' then 1 else 0 end) as has_expiry
        from {{ ref('fct_loyalty_events') }}
    ) as told
    group by date_periods.period, date_periods.period_start, loyalty_events.customer_id
{%- endmacro %}
