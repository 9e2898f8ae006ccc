{%- set moved_share = var('attribution_what_if')['moved_share'] -%}

with

channels as (
    select * from {{ ref('attribution_budget_view') }}
    where period = 'year'
),

pairs as (
    select
        givers.period,
        givers.period_start,
        givers.model,
        givers.touch_channel as from_channel,
        takers.touch_channel as to_channel,
        givers.conversions as from_conversions,
        takers.conversions as to_conversions,
        givers.spend as from_spend,
        takers.spend as to_spend,
        givers.cost_per_order as from_cost_per_order,
        takers.cost_per_order as to_cost_per_order,
        {{ prorate('givers.spend', moved_share, '1') }} as moved_spend,
        givers.is_complete,
        givers.is_reliable and takers.is_reliable as is_reliable
    from channels as givers
    inner join channels as takers
        on
            givers.period = takers.period
            and givers.period_start = takers.period_start
            and givers.model = takers.model
            and givers.touch_channel <> takers.touch_channel
),

-- Spend over cost per order, written as a product: a channel without orders gains and loses none.
moved as (
    select
        *,
        cast(moved_spend as double) * from_conversions / cast(from_spend as double) as orders_lost,
        cast(moved_spend as double) * to_conversions / cast(to_spend as double) as orders_gained
    from pairs
),

final as (
    select
        period,
        period_start,
        model,
        from_channel,
        to_channel,
        moved_spend,
        from_cost_per_order,
        to_cost_per_order,
        orders_lost,
        orders_gained,
        orders_gained - orders_lost as net_orders,
        'descriptive' as evidence,
        is_complete,
        is_reliable
    from moved
)

select * from final
