with

orders as (
    select * from {{ ref('fct_orders') }}
    where
        not is_cancelled
        and customer_id <> 'unknown'
),

channels as (
    select * from {{ ref('dim_channels') }}
    where channel_role = 'sales'
),

final as (
    select
        orders.customer_id,
        orders.ordered_date as purchase_date,
        cast(sum(orders.net_revenue) as {{ money_type() }}) as net_revenue,
        cast(sum(orders.gross_revenue) as {{ money_type() }}) as gross_revenue,
        cast(sum(orders.discount) as {{ money_type() }}) as discount,
        count(*) as orders,
        cast(sum(case when channels.is_physical then 1 else 0 end) as bigint) as store_orders
    from orders
    left join channels
        on orders.sales_channel = channels.channel
    group by orders.customer_id, orders.ordered_date
)

select * from final
