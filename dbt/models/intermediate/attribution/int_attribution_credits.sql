with

touches as (
    select * from {{ ref('int_attribution_touches') }}
    where order_id is not null
),

journeys as (
    select * from {{ ref('int_attribution_journeys') }}
    where order_id is not null
),

paths as (
    select * from {{ ref('int_attribution_paths') }}
),

shares as (
    select * from {{ source('analytics', 'attribution_shares') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where not is_cancelled
),

credited as (
    select
        touches.order_id,
        touches.touchpoint_id,
        touches.touch_channel,
        touches.campaign_id,
        {%- for model in attribution_models() if model != 'time_decay' %}
            shares.{{ model }},
        {%- endfor %}
        cast(touches.decayed as double) / cast(journeys.decayed as double) as time_decay,
        touches.position
    from touches
    inner join journeys
        on touches.order_id = journeys.order_id
    inner join paths
        on journeys.path = paths.path
    inner join shares
        on
            paths.path_number = shares.path_number
            and touches.position = shares.position
),

-- An order whose customer or touches nobody knows is earned by `unattributed`, whole, in every model.
final as (
    select
        orders.order_id,
        orders.customer_id,
        orders.ordered_date,
        orders.is_first_order,
        orders.net_revenue,
        orders.margin,
        coalesce(credited.touchpoint_id, 'none') as touchpoint_id,
        coalesce(credited.touch_channel, 'unattributed') as touch_channel,
        credited.campaign_id,
        {%- for model in attribution_models() %}
            coalesce(credited.{{ model }}, 1e0) as {{ model }},
        {%- endfor %}
        cast(coalesce(credited.position, 1) as bigint) as position
    from orders
    left join credited
        on orders.order_id = credited.order_id
)

select * from final
