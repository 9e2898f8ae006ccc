{%- set low, medium, high = var('churn')['band_limits'] -%}

with

features as (
    select * from {{ ref('int_churn_features') }}
    where cut = 'now'
),

scores as (
    select * from {{ source('analytics', 'churn_scores') }}
),

customers as (
    select * from {{ ref('int_customer_profiles') }}
    where is_known
),

gaps as (
    select * from {{ ref('int_purchase_gaps') }}
),

final as (
    select
        features.customer_id,
        {{ add_days('features.cut_date', '-features.days_since_order') }} as last_order_date,
        cast(features.days_since_order as bigint) as days_since_order,
        cast({{ var('churn')['horizon_days'] }} as bigint) as horizon_days,
        cast(gaps.p90_days as bigint) as p90_gap_days,
        case when {{ may_be_profiled('customers') }} then scores.churn_probability end as churn_probability,
        case
            when not {{ may_be_profiled('customers') }} then cast(null as {{ text_type() }})
            when scores.churn_probability < {{ low }} then 'low'
            when scores.churn_probability < {{ medium }} then 'medium'
            when scores.churn_probability < {{ high }} then 'high'
            when scores.churn_probability >= {{ high }} then 'very_high'
        end as churn_band,
        {%- for place in [1, 2, 3] %}
            case
                when {{ may_be_profiled('customers') }}
                    then {{ churn_reason('scores.reason_' ~ place, 'features') }}
            end as reason_{{ place }},
        {%- endfor %}
        {{ may_be_profiled('customers') }} and scores.churn_probability is not null as is_scored,
        cast(scores.served as {{ text_type() }}) as served
    from features
    inner join customers
        on features.customer_id = customers.customer_id
    cross join gaps
    left join scores
        on features.customer_id = scores.customer_id
)

select * from final
