with

journeys as (
    select * from {{ ref('int_attribution_journeys') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
),

counted as (
    select
        journeys.path,
        count(journeys.order_id) as conversions,
        coalesce(sum(orders.net_revenue), 0) as net_revenue,
        count(*) - count(journeys.order_id) as nulls
    from journeys
    left join orders
        on journeys.order_id = orders.order_id
    group by journeys.path
),

final as (
    select
        row_number() over (order by path) as path_number,
        path,
        conversions,
        cast(net_revenue as {{ money_type() }}) as net_revenue,
        nulls
    from counted
)

select * from final
