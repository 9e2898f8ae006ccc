{%- set horizon_days = var('churn')['horizon_days'] -%}

with

first_delivery as (
    select min(first_seen_date) as first_delivery_date from {{ ref('int_orders') }}
),

cuts as (
    select
        'now' as cut,
        {{ data_end_date() }} as cut_date,
        cast('9999-12-31' as date) as known_by

    union all

    select
        'validate' as cut,
        {{ add_days(data_end_date(), -horizon_days) }} as cut_date,
        {{ add_days(data_end_date(), 1 - horizon_days) }} as known_by

    union all

    select
        'train' as cut,
        {{ add_days(data_end_date(), -2 * horizon_days) }} as cut_date,
        {{ add_days(data_end_date(), 1 - 2 * horizon_days) }} as known_by
),

-- History that came with the very first delivery counts as known all along: nothing tells when it was.
final as (
    select
        cuts.cut,
        cuts.cut_date,
        greatest(cuts.known_by, coalesce(first_delivery.first_delivery_date, cuts.known_by)) as known_by
    from cuts
    cross join first_delivery
)

select * from final
