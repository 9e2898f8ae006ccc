with

segments as (
    select * from {{ ref('int_customer_segments') }}
),

customers as (
    select * from {{ ref('int_customer_profiles') }}
),

personas as (
    select * from {{ ref('int_customer_personas') }}
),

final as (
    select
        segments.customer_id,
        segments.month,
        segments.as_of_date,
        segments.sales_channels,
        segments.omnichannel_level,
        segments.is_omnichannel,
        segments.is_active,
        segments.recency_score,
        segments.frequency_score,
        segments.monetary_score,
        segments.rfm_segment,
        case when {{ may_be_profiled('customers') }} then personas.persona end as persona,
        case when {{ may_be_profiled('customers') }} then personas.persona_name end as persona_name,
        segments.is_fully_observed,
        segments.is_complete
    from segments
    inner join customers
        on segments.customer_id = customers.customer_id
    -- Consent is asked above: a condition on one side alone makes DuckDB compare every pair of rows.
    left join personas
        on
            segments.customer_id = personas.customer_id
            and segments.month = personas.month
)

select * from final
