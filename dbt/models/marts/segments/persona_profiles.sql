{%- set features = ['purchases', 'order_value', 'store_share', 'discount_share', 'categories'] -%}

with

assigned as (
    select * from {{ ref('int_customer_personas') }}
),

customers as (
    select * from {{ ref('int_persona_features') }}
),

personas as (
    select * from {{ source('analytics', 'personas') }}
),

months as (
    select * from {{ ref('int_segment_months') }}
),

-- Sums of decimals: the order of rows changes nothing.
summed as (
    select
        assigned.month,
        assigned.fitted_month,
        assigned.persona,
        {%- for feature in features %}
            sum(cast(customers.{{ feature }} as decimal(18, 6))) as {{ feature }},
        {%- endfor %}
        count(*) as customers
    from assigned
    inner join customers
        on
            assigned.customer_id = customers.customer_id
            and assigned.month = customers.month
    group by assigned.month, assigned.fitted_month, assigned.persona
),

of_all as (
    select
        month,
        {%- for feature in features %}
            cast(sum({{ feature }}) as double) / sum(customers) as {{ feature }},
        {%- endfor %}
        sum(customers) as customers
    from summed
    group by month
),

final as (
    select
        summed.month,
        summed.persona,
        cast(personas.persona_name as {{ text_type() }}) as persona_name,
        cast(personas.set_apart_by as {{ text_type() }}) as set_apart_by,
        summed.fitted_month,
        summed.customers,
        cast(summed.customers as double) / of_all.customers as customer_share,
        {%- for feature in features %}
            cast(summed.{{ feature }} as double) / summed.customers as {{ feature }},
            cast(summed.{{ feature }} as double) / summed.customers - of_all.{{ feature }} as {{ feature }}_difference,
        {%- endfor %}
        months.is_complete,
        summed.customers >= {{ var('reliability')['min_n'] }} as is_reliable
    from summed
    inner join of_all
        on summed.month = of_all.month
    inner join personas
        on
            summed.fitted_month = personas.fitted_month
            and summed.persona = personas.persona
    inner join months
        on summed.month = months.month
)

select * from final
