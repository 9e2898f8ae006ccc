{#- Every known customer who held a loyalty card at some time of a period, once per period: their tier as of its start
    (of who joined later, the first), and whether they were a member before its first day and at its end. A period
    still running ends with the last day observed. -#}
{% macro loyalty_standings() -%}
    select
        period,
        period_start,
        customer_id,
        max(case when spell_rank = 1 then tier end) as tier,
        max(case when valid_from < period_start then 1 else 0 end) as is_at_start,
        max(case when valid_to is null or valid_to > measured_to then 1 else 0 end) as is_at_end
    from (
        select
            periods.period,
            periods.period_start,
            periods.measured_to,
            memberships.customer_id,
            memberships.tier,
            memberships.valid_from,
            memberships.valid_to,
            row_number() over (
                partition by periods.period, periods.period_start, memberships.customer_id
                order by memberships.valid_from, memberships.loyalty_membership_id
            ) as spell_rank
        from {{ ref('fct_loyalty_memberships') }} as memberships
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
                memberships.valid_from <= periods.measured_to
                and coalesce(memberships.valid_to > periods.period_start, true)
        where memberships.customer_id <> 'unknown'
    ) as spells
    group by period, period_start, customer_id
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
