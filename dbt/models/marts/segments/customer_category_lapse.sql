{%- set active_days = var('windows')['active_days'] -%}
{%- set lapse_quantile = var('segments')['lapse_quantile'] -%}

with

category_days as (
    select
        *,
        lead(purchase_date) over (partition by customer_id, category order by purchase_date) as next_date
    from {{ ref('int_category_days') }}
),

purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

-- What is usual is told by those who came back; who has not, may still.
gaps as (
    select
        category,
        count(*) as repeats,
        percentile_disc({{ lapse_quantile }}) within group (
            order by {{ days_between('purchase_date', 'next_date') }}
        ) as usual_days
    from category_days
    where next_date is not null
    group by category
),

last_purchases as (
    select
        customer_id,
        max(purchase_date) as last_date
    from purchase_days
    group by customer_id
),

bought as (
    select
        customer_id,
        category,
        count(*) as purchases,
        min(purchase_date) as first_purchase_date,
        max(purchase_date) as last_purchase_date
    from category_days
    group by customer_id, category
),

final as (
    select
        bought.customer_id,
        bought.category,
        bought.purchases,
        bought.first_purchase_date,
        bought.last_purchase_date,
        cast({{ days_between('bought.last_purchase_date', data_end_date()) }} as bigint) as days_since,
        cast(gaps.usual_days as bigint) as usual_days,
        coalesce(gaps.repeats, 0) as category_repeats,
        {{ days_between('bought.last_purchase_date', data_end_date()) }} > gaps.usual_days as is_lapsed,
        last_purchases.last_date > {{ add_days(data_end_date(), -active_days) }} as is_active,
        coalesce(gaps.repeats, 0) >= {{ var('reliability')['min_n'] }} as is_reliable
    from bought
    inner join last_purchases
        on bought.customer_id = last_purchases.customer_id
    left join gaps
        on bought.category = gaps.category
)

select * from final
