with

orders as (
    select * from {{ ref('fct_orders') }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

final as (
    {{ revenue_by_period('sales_channel') }}
)

select * from final
