{%- set segments = var('segments') -%}

with

features as (
    select * from {{ ref('int_persona_features') }}
),

months as (
    select * from {{ ref('int_segment_months') }}
    where is_complete
),

enough as (
    select features.month
    from features
    inner join months
        on features.month = months.month
    group by features.month
    having count(*) >= {{ segments['personas'] * var('reliability')['min_n'] }}
),

first_months as (
    select min(month) as month from enough
),

fitted as (
    select enough.month
    from enough
    inner join first_months
        on extract(month from enough.month) = extract(month from first_months.month)
),

-- Ids are keyed hashes, so the first of them are a sample without a lean.
ranked as (
    select
        features.*,
        row_number() over (partition by features.month order by features.customer_id) as place
    from features
    inner join fitted
        on features.month = fitted.month
),

final as (
    select
        customer_id,
        month,
        log_purchases,
        log_order_value,
        store_share,
        discount_share,
        cast(categories as double) as categories
    from ranked
    where place <= {{ segments['persona_sample'] }}
)

select * from final
