with

purchase_days as (
    select * from {{ ref('int_purchase_days') }}
),

gaps as (
    select
        {{ days_between(
            'lag(purchase_date) over (partition by customer_id order by purchase_date)', 'purchase_date'
        ) }} as gap_days
    from purchase_days
),

final as (
    select
        count(gap_days) as gaps,
        percentile_disc(0.9) within group (order by gap_days) as p90_days
    from gaps
    where gap_days is not null
)

select * from final
