{%- set counts = [
    'members_at_start', 'joined', 'left_programme', 'members', 'members_in_period', 'active_members', 'tier_changes',
    'points_earned', 'points_rewarded', 'points_burned', 'points_expired'
] -%}

with

loyalty as (
    select * from {{ ref('kpi_loyalty') }} where period = 'month'
),

orders as (
    select * from {{ ref('fct_orders') }} where not is_cancelled
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }} where period = 'month'
),

standings as (
    {{ loyalty_standings() }}
),

programme as (
    select
        {%- for count in counts %}
            sum({{ count }}) as {{ count }},
        {%- endfor %}
        period_start,
        is_complete
    from loyalty
    group by period_start, is_complete
),

-- Who held a card at some time of the month bought as a member in it.
bought as (
    select
        date_periods.period_start,
        count(*) as orders,
        count(standings.customer_id) as orders_of_members,
        sum(orders.gross_revenue - orders.discount) as revenue,
        sum(
            case when standings.customer_id is not null then orders.gross_revenue - orders.discount else 0 end
        ) as revenue_of_members
    from orders
    inner join date_periods
        on orders.ordered_date = date_periods.date_day
    left join standings
        on
            date_periods.period = standings.period
            and date_periods.period_start = standings.period_start
            and orders.customer_id = standings.customer_id
    group by date_periods.period_start
),

final as (
    select
        'month' as period,
        programme.period_start,
        {%- for count in counts %}
            cast(programme.{{ count }} as bigint) as {{ count }},
        {%- endfor %}
        cast(coalesce(bought.orders, 0) as bigint) as orders,
        cast(coalesce(bought.orders_of_members, 0) as bigint) as orders_of_members,
        cast(coalesce(bought.revenue, 0) as {{ money_type() }}) as revenue,
        cast(coalesce(bought.revenue_of_members, 0) as {{ money_type() }}) as revenue_of_members,
        cast(programme.active_members as double) / nullif(programme.members_in_period, 0) as active_rate,
        cast(programme.points_burned as double) / nullif(programme.points_earned + programme.points_rewarded, 0)
            as burn_rate,
        cast(bought.orders_of_members as double) / bought.orders as order_share_of_members,
        cast(bought.revenue_of_members as double) / nullif(cast(bought.revenue as double), 0)
            as revenue_share_of_members,
        cast(bought.revenue_of_members as double) / nullif(bought.orders_of_members, 0) as average_order_of_members,
        cast(bought.revenue - bought.revenue_of_members as double) / nullif(bought.orders - bought.orders_of_members, 0)
            as average_order_of_others,
        programme.is_complete,
        programme.members_in_period >= {{ var('reliability')['min_n'] }} as is_reliable
    from programme
    left join bought
        on programme.period_start = bought.period_start
)

select * from final
