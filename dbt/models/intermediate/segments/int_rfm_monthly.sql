{%- set active_days = var('windows')['active_days'] -%}

with

purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

months as (
    select * from {{ ref('int_segment_months') }}
),

measured as (
    select
        purchase_days.customer_id,
        months.month,
        {{ days_between('max(purchase_days.purchase_date)', 'months.measured_before') }} - 1 as recency_days,
        count(*) as purchases,
        cast(sum(purchase_days.net_revenue) as {{ money_type() }}) as net_revenue,
        cast(sum(purchase_days.gross_revenue) as {{ money_type() }}) as gross_revenue,
        cast(sum(purchase_days.discount) as {{ money_type() }}) as discount,
        cast(sum(purchase_days.orders) as bigint) as orders,
        cast(sum(purchase_days.store_orders) as bigint) as store_orders
    from purchase_days
    inner join months
        on
            purchase_days.purchase_date < months.measured_before
            and purchase_days.purchase_date >= {{ add_days('months.measured_before', -active_days) }}
    group by purchase_days.customer_id, months.month, months.measured_before
),

-- Equals share a rank, so nobody is better than another by chance.
ranked as (
    select
        *,
        count(*) over (partition by month) as customers,
        rank() over (partition by month order by recency_days desc) as recency_rank,
        rank() over (partition by month order by purchases) as frequency_rank,
        rank() over (partition by month order by net_revenue) as monetary_rank
    from measured
),

scored as (
    select
        customer_id,
        month,
        recency_days,
        purchases,
        net_revenue,
        gross_revenue,
        discount,
        orders,
        store_orders,
        1 + {{ integer_divide('5 * (recency_rank - 1)', 'customers') }} as recency_score,
        1 + {{ integer_divide('5 * (frequency_rank - 1)', 'customers') }} as frequency_score,
        1 + {{ integer_divide('5 * (monetary_rank - 1)', 'customers') }} as monetary_score
    from ranked
),

final as (
    select
        customer_id,
        month,
        cast(recency_days as bigint) as recency_days,
        cast(purchases as bigint) as purchases,
        net_revenue,
        gross_revenue,
        discount,
        orders,
        store_orders,
        cast(recency_score as bigint) as recency_score,
        cast(frequency_score as bigint) as frequency_score,
        cast(monetary_score as bigint) as monetary_score
    from scored
)

select * from final
