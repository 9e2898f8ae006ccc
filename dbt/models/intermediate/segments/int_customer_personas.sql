{%- set features = ['log_purchases', 'log_order_value', 'store_share', 'discount_share', 'categories'] -%}

with

customers as (
    select * from {{ ref('int_persona_features') }}
),

months as (
    select * from {{ ref('int_segment_months') }}
),

personas as (
    select * from {{ source('analytics', 'personas') }}
),

current_fits as (
    select
        months.month,
        max(personas.fitted_month) as fitted_month
    from months
    inner join personas
        on months.month >= personas.fitted_month
    group by months.month
),

current_personas as (
    select
        current_fits.month,
        personas.*
    from current_fits
    inner join personas
        on current_fits.fitted_month = personas.fitted_month
),

-- To six digits: who is as near to two goes to the first of them, whatever the last bit says.
distances as (
    select
        customers.customer_id,
        customers.month,
        current_personas.persona,
        round(
            {%- for feature in features %}
                {{ '+ ' if not loop.first -}}
                power(
                    (customers.{{ feature }} - current_personas.{{ feature }})
                    / current_personas.{{ feature }}_deviation, 2
                )
            {%- endfor %},
            6
        ) as distance
    from customers
    inner join current_personas
        on customers.month = current_personas.month
),

-- The least distance, and of equals the least number, are the greatest of the negatives.
nearest as (
    select
        customer_id,
        month,
        -{{ latest_value('-persona', '-distance') }} as persona
    from distances
    group by customer_id, month
),

final as (
    select
        nearest.customer_id,
        nearest.month,
        nearest.persona,
        cast(current_personas.persona_name as {{ text_type() }}) as persona_name,
        current_personas.fitted_month
    from nearest
    inner join current_personas
        on
            nearest.month = current_personas.month
            and nearest.persona = current_personas.persona
)

select * from final
