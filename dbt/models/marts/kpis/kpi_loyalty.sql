{%- set points = ['points_earned', 'points_rewarded', 'points_burned', 'points_expired'] -%}

with

standings as (
    {{ loyalty_standings() }}
),

points as (
    {{ loyalty_points() }}
),

periods as (
    select distinct
        period,
        period_start,
        is_complete
    from {{ ref('bridge_date_periods') }}
),

-- Points may move on a card whose holder is not known or no longer a member: they stand in the tier `none`.
counted as (
    select
        coalesce(standings.period, points.period) as period,
        coalesce(standings.period_start, points.period_start) as period_start,
        coalesce(standings.tier, 'none') as tier,
        sum(standings.is_at_start) as members_at_start,
        sum(1 - standings.is_at_start) as joined,
        sum(1 - standings.is_at_end) as left_programme,
        sum(standings.is_at_end) as members,
        count(standings.customer_id) as ever_members,
        sum(case when standings.customer_id is not null then points.is_active end) as active_members,
        {%- for measure in points %}
            sum(points.{{ measure }}) as {{ measure }},
        {%- endfor %}
        sum(points.tier_changes) as tier_changes
    from standings
    full outer join points
        on
            standings.period = points.period
            and standings.period_start = points.period_start
            and standings.customer_id = points.customer_id
    group by
        coalesce(standings.period, points.period), coalesce(standings.period_start, points.period_start),
        coalesce(standings.tier, 'none')
),

told as (
    select max(points_expired) as points_expired from points
),

final as (
    select
        counted.period,
        counted.period_start,
        counted.tier,
        cast(coalesce(counted.members_at_start, 0) as bigint) as members_at_start,
        cast(coalesce(counted.joined, 0) as bigint) as joined,
        cast(coalesce(counted.left_programme, 0) as bigint) as left_programme,
        cast(coalesce(counted.members, 0) as bigint) as members,
        cast(counted.ever_members as bigint) as members_in_period,
        cast(coalesce(counted.active_members, 0) as bigint) as active_members,
        cast(coalesce(counted.tier_changes, 0) as bigint) as tier_changes,
        {%- for measure in points[:3] %}
            cast(coalesce(counted.{{ measure }}, 0) as bigint) as {{ measure }},
        {%- endfor %}
        cast(case when told.points_expired is not null then coalesce(counted.points_expired, 0) end as bigint)
            as points_expired,
        cast(counted.active_members as double) / nullif(counted.ever_members, 0) as active_rate,
        cast(counted.points_burned as double) / nullif(counted.points_earned + counted.points_rewarded, 0)
            as burn_rate,
        periods.is_complete,
        counted.ever_members >= {{ var('reliability')['min_n'] }} as is_reliable
    from counted
    inner join periods
        on
            counted.period = periods.period
            and counted.period_start = periods.period_start
    cross join told
)

select * from final
