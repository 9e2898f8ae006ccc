{%- set horizon_days = var('churn')['horizon_days'] -%}
{%- set drivers = ['effort', 'satisfaction', 'service_contacts', 'resolution_time', 'channel_mix'] -%}

with

features as (
    select * from {{ ref('int_churn_features') }}
    where has_churned is not null
),

-- Alike but for the driver: as long silent, and as many purchases in a year.
customers as (
    select
        cut_date,
        customer_id,
        has_churned,
        case
            when days_since_order < 30 then 'a'
            when days_since_order < 60 then 'b'
            when days_since_order < 120 then 'c'
            when days_since_order < 240 then 'd'
            else 'e'
        end
        || case when purchases_year = 1 then '1' when purchases_year <= 3 then '2' else '4' end as stratum,
        case
            when last_ces <= 3 then 'hard'
            when last_ces <= 5 then 'neither'
            when last_ces <= 7 then 'easy'
            else 'no_answer'
        end as effort,
        case
            when last_csat <= 2 then 'dissatisfied'
            when last_csat = 3 then 'neither'
            when last_csat <= 5 then 'satisfied'
            else 'no_answer'
        end as satisfaction,
        case when tickets = 0 then 'none' when tickets = 1 then 'one' else 'several' end as service_contacts,
        case
            when tickets = 0 then 'no_contact'
            when open_tickets > 0 then 'unsolved'
            when hours_to_solution < 4 then 'under_4h'
            when hours_to_solution < 24 then '4h_to_24h'
            when hours_to_solution < 72 then '24h_to_72h'
            else 'over_72h'
        end as resolution_time,
        case
            when store_share >= 1 then 'stores'
            when store_share > 0 then 'stores_and_distance'
            when sales_channels > 1 then 'several_at_distance'
            else 'one_at_distance'
        end as channel_mix
    from features
),

strata as (
    select
        cut_date,
        stratum,
        cast(sum(case when has_churned then 1 else 0 end) as double) / count(*) as churn_rate
    from customers
    group by cut_date, stratum
),

driven as (
    {%- for driver in drivers %}
        select
            cut_date,
            '{{ driver }}' as driver,
            {{ driver }} as driver_value,
            stratum,
            has_churned
        from customers
        {%- if not loop.last %}

            union all
        {% endif %}
    {%- endfor %}
),

counted as (
    select
        cut_date,
        driver,
        driver_value,
        stratum,
        count(*) as customers,
        sum(case when has_churned then 1 else 0 end) as churned_customers
    from driven
    group by cut_date, driver, driver_value, stratum
),

totals as (
    select
        counted.cut_date,
        counted.driver,
        counted.driver_value,
        sum(counted.customers) as customers,
        sum(counted.churned_customers) as churned_customers,
        cast(
            sum(cast(counted.customers * strata.churn_rate as decimal(18, 6))) as double
        ) as expected_churned_customers
    from counted
    inner join strata
        on
            counted.cut_date = strata.cut_date
            and counted.stratum = strata.stratum
    group by counted.cut_date, counted.driver, counted.driver_value
),

final as (
    select
        {{ add_days('cut_date', 1) }} as measured_from,
        {{ add_days('cut_date', horizon_days) }} as measured_until,
        driver,
        driver_value,
        cast(customers as bigint) as customers,
        cast(churned_customers as bigint) as churned_customers,
        expected_churned_customers,
        cast(churned_customers as double) / customers as churn_rate,
        {{ wilson_bound('churned_customers', 'customers', 'low') }} as churn_rate_low,
        {{ wilson_bound('churned_customers', 'customers', 'high') }} as churn_rate_high,
        case
            when expected_churned_customers > 0 then cast(churned_customers as double) / expected_churned_customers
        end as relative_risk,
        customers >= {{ var('reliability')['min_n'] }} as is_reliable
    from totals
)

select * from final
