with

histories as (
    select * from {{ ref('int_purchase_histories') }}
    where
        cut = 'now'
        and valued_orders > 0
),

final as (
    select
        valued_orders,
        valued_revenue,
        count(*) as customers
    from histories
    group by valued_orders, valued_revenue
)

select * from final
