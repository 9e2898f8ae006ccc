with

histories as (
    select * from {{ ref('int_purchase_histories') }}
),

final as (
    select
        cut,
        frequency,
        recency_days,
        age_days,
        recent_orders,
        future_orders,
        count(*) as customers
    from histories
    group by cut, frequency, recency_days, age_days, recent_orders, future_orders
)

select * from final
