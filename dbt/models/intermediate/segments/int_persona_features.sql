{%- set active_days = var('windows')['active_days'] -%}

with

rfm as (
    select * from {{ ref('int_rfm_monthly') }}
),

months as (
    select * from {{ ref('int_segment_months') }}
    where is_fully_observed
),

category_days as (
    select * from {{ ref('int_category_days') }}
),

-- Each purchase carries a customer to the next one of that category, so a category counts once a month.
category_spells as (
    select
        customer_id,
        {{ add_days('purchase_date', 1) }} as held_from,
        least(
            coalesce(
                lead(purchase_date) over (partition by customer_id, category order by purchase_date),
                {{ add_days('purchase_date', active_days) }}
            ),
            {{ add_days('purchase_date', active_days) }}
        ) as held_until
    from category_days
),

categories_held as (
    select
        category_spells.customer_id,
        months.month,
        count(*) as categories
    from category_spells
    inner join months
        on
            category_spells.held_from <= months.measured_before
            and category_spells.held_until >= months.measured_before
    group by category_spells.customer_id, months.month
),

measured as (
    select
        rfm.customer_id,
        rfm.month,
        rfm.purchases,
        greatest(0e0, cast(rfm.net_revenue as double) / rfm.purchases) as order_value,
        cast(rfm.store_orders as double) / rfm.orders as store_share,
        case
            when rfm.gross_revenue > 0 then cast(rfm.discount as double) / cast(rfm.gross_revenue as double) else 0e0
        end as discount_share,
        coalesce(categories_held.categories, 0) as categories
    from rfm
    inner join months
        on rfm.month = months.month
    left join categories_held
        on
            rfm.customer_id = categories_held.customer_id
            and rfm.month = categories_held.month
),

-- Numbers that grow by factors are compared by their logarithms. Six digits, so that personas found elsewhere, whose
-- logarithms differ in the last bit, are the same ones.
final as (
    select
        customer_id,
        month,
        cast(purchases as bigint) as purchases,
        round(order_value, 6) as order_value,
        round(store_share, 6) as store_share,
        round(discount_share, 6) as discount_share,
        cast(categories as bigint) as categories,
        round(ln(cast(purchases as double)), 6) as log_purchases,
        round(ln(1 + order_value), 6) as log_order_value
    from measured
)

select * from final
