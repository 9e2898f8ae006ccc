with

orders as (
    select * from {{ ref('fct_orders') }}
    where
        not is_cancelled
        and customer_id <> 'unknown'
),

final as (
    select
        customer_id,
        ordered_date as purchase_date,
        sum(net_revenue) as net_revenue
    from orders
    group by customer_id, ordered_date
)

select * from final
