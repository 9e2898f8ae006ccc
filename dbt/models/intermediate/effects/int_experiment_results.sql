{%- set conversion_days = var('experiments')['conversion_days'] -%}
{%- set controls = var('experiments')['control_variants'] | join("', '") -%}

with

exposures as (
    select * from {{ ref('fct_experiment_exposures') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where not is_cancelled
),

experiments as (
    select * from {{ ref('dim_experiments') }}
),

arms as (
    select
        experiment_id,
        variant,
        count(*) as assigned,
        count(case when customer_id = 'unknown' then 1 end) as unidentified,
        min(first_exposed_date) as first_exposed_date,
        max(first_exposed_date) as last_exposed_date
    from exposures
    group by experiment_id, variant
),

-- A person of several units (two mailboxes) counts once, from the first on.
people as (
    select
        experiment_id,
        customer_id,
        min(variant) as variant,
        min(variant) <> max(variant) as is_in_both,
        min(first_exposed_at) as first_exposed_at
    from exposures
    where customer_id <> 'unknown'
    group by experiment_id, customer_id
),

matured as (
    select
        *,
        {{ matures_at(local_date('first_exposed_at'), conversion_days) }} <= {{ data_end_at() }} as is_mature
    from people
),

outcomes as (
    select
        matured.experiment_id,
        matured.customer_id,
        count(orders.order_id) as orders,
        cast(coalesce(sum(orders.net_revenue), 0) as decimal(14, 4)) as revenue
    from matured
    left join orders
        on
            matured.customer_id = orders.customer_id
            and matured.first_exposed_at < orders.ordered_at
            and matured.first_exposed_at + interval {{ conversion_days }} day >= orders.ordered_at
    where
        matured.is_mature
        and not matured.is_in_both
    group by matured.experiment_id, matured.customer_id
),

measured as (
    select
        matured.experiment_id,
        matured.variant,
        count(case when not matured.is_in_both then 1 end) as exposed,
        count(outcomes.customer_id) as people,
        count(case when outcomes.orders > 0 then 1 end) as converted,
        coalesce(sum(outcomes.orders), 0) as orders,
        coalesce(sum(outcomes.revenue), 0) as revenue,
        coalesce(sum(outcomes.revenue * outcomes.revenue), 0) as revenue_squared
    from matured
    left join outcomes
        on
            matured.experiment_id = outcomes.experiment_id
            and matured.customer_id = outcomes.customer_id
    group by matured.experiment_id, matured.variant
),

in_both as (
    select
        exposures.experiment_id,
        exposures.variant,
        count(distinct people.customer_id) as in_both_arms
    from exposures
    inner join people
        on
            exposures.experiment_id = people.experiment_id
            and exposures.customer_id = people.customer_id
    where people.is_in_both
    group by exposures.experiment_id, exposures.variant
),

final as (
    select
        arms.experiment_id,
        arms.variant,
        case
            when experiments.control_variant is not null then arms.variant = experiments.control_variant
            else arms.variant in ('{{ controls }}')
        end as is_control,
        experiments.planned_units,
        arms.first_exposed_date,
        arms.last_exposed_date,
        cast(arms.assigned as bigint) as assigned,
        cast(arms.unidentified as bigint) as unidentified,
        cast(coalesce(in_both.in_both_arms, 0) as bigint) as in_both_arms,
        cast(coalesce(measured.exposed, 0) as bigint) as exposed,
        cast(coalesce(measured.people, 0) as bigint) as people,
        cast(coalesce(measured.converted, 0) as bigint) as converted,
        cast(coalesce(measured.orders, 0) as bigint) as orders,
        cast(coalesce(measured.revenue, 0) as {{ money_type() }}) as revenue,
        cast(coalesce(measured.revenue_squared, 0) as double) as revenue_squared
    from arms
    left join experiments
        on arms.experiment_id = experiments.experiment_id
    left join measured
        on
            arms.experiment_id = measured.experiment_id
            and arms.variant = measured.variant
    left join in_both
        on
            arms.experiment_id = in_both.experiment_id
            and arms.variant = in_both.variant
)

select * from final
