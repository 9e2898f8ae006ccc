{#- Orders, customers and money by period and one dimension, a column of the CTEs `orders` (of fct_orders, cancelled
    ones too) and `refunds` (of fct_refunds), over the CTE `date_periods`. Refunds count by their own date, the rest by
    date of order; a period may hold refunds and no order. -#}
{% macro revenue_by_period(dimension) -%}
    with

    ordered as (
        select
            date_periods.period,
            date_periods.period_start,
            orders.{{ dimension }},
            sum(case when orders.is_cancelled then 0 else 1 end) as orders,
            sum(case when orders.is_cancelled then 1 else 0 end) as cancelled_orders,
            sum(case when orders.is_first_order then 1 else 0 end) as first_orders,
            sum(case when not orders.is_cancelled and orders.customer_id <> 'unknown' then 1 else 0 end)
                as identified_orders,
            count(
                distinct case
                    when not orders.is_cancelled and orders.customer_id <> 'unknown' then orders.customer_id
                end
            ) as customers,
            sum(case when not orders.is_cancelled then orders.quantity else 0 end) as quantity,
            sum(case when not orders.is_cancelled then orders.gross_revenue else 0 end) as gross_revenue,
            sum(case when not orders.is_cancelled then orders.discount else 0 end) as discount,
            sum(case when not orders.is_cancelled then orders.tax else 0 end) as tax,
            sum(case when not orders.is_cancelled then orders.shipping else 0 end) as shipping,
            sum(case when not orders.is_cancelled then orders.cost_of_goods end) as cost_of_goods,
            sum(case when not orders.is_cancelled then orders.commission else 0 end) as commission,
            sum(case when not orders.is_cancelled and orders.cost_of_goods is null then 1 else 0 end)
                as orders_without_cost,
            sum(case when not orders.is_cancelled then orders.refund else 0 end) as refund_of_orders
        from orders
        inner join date_periods
            on orders.ordered_date = date_periods.date_day
        group by date_periods.period, date_periods.period_start, orders.{{ dimension }}
    ),

    refunded as (
        select
            date_periods.period,
            date_periods.period_start,
            refunds.{{ dimension }},
            sum(refunds.refund) as refund
        from refunds
        inner join date_periods
            on refunds.refunded_date = date_periods.date_day
        group by date_periods.period, date_periods.period_start, refunds.{{ dimension }}
    ),

    cells as (
        select
            period,
            period_start,
            {{ dimension }}
        from ordered
        union
        select
            period,
            period_start,
            {{ dimension }}
        from refunded
    ),

    periods as (
        select distinct
            period,
            period_start,
            is_complete
        from date_periods
    ),

    measured as (
        select
            cells.period,
            cells.period_start,
            cells.{{ dimension }},
            coalesce(ordered.orders, 0) as orders,
            coalesce(ordered.cancelled_orders, 0) as cancelled_orders,
            coalesce(ordered.first_orders, 0) as first_orders,
            coalesce(ordered.identified_orders, 0) as identified_orders,
            coalesce(ordered.customers, 0) as customers,
            coalesce(ordered.quantity, 0) as quantity,
            coalesce(ordered.gross_revenue, 0) as gross_revenue,
            coalesce(ordered.discount, 0) as discount,
            coalesce(refunded.refund, 0) as refund,
            coalesce(ordered.refund_of_orders, 0) as refund_of_orders,
            coalesce(ordered.tax, 0) as tax,
            coalesce(ordered.shipping, 0) as shipping,
            case when coalesce(ordered.orders, 0) = 0 then 0 else ordered.cost_of_goods end as cost_of_goods,
            coalesce(ordered.commission, 0) as commission,
            coalesce(ordered.orders_without_cost, 0) as orders_without_cost,
            periods.is_complete
        from cells
        inner join periods
            on
                cells.period = periods.period
                and cells.period_start = periods.period_start
        left join ordered
            on
                cells.period = ordered.period
                and cells.period_start = ordered.period_start
                and cells.{{ dimension }} = ordered.{{ dimension }}
        left join refunded
            on
                cells.period = refunded.period
                and cells.period_start = refunded.period_start
                and cells.{{ dimension }} = refunded.{{ dimension }}
    )

    select
        period,
        period_start,
        {{ dimension }},
        cast(orders as bigint) as orders,
        cast(cancelled_orders as bigint) as cancelled_orders,
        cast(first_orders as bigint) as first_orders,
        cast(identified_orders as bigint) as identified_orders,
        cast(orders_without_cost as bigint) as orders_without_cost,
        cast(customers as bigint) as customers,
        cast(quantity as bigint) as quantity,
        cast(gross_revenue as {{ money_type() }}) as gross_revenue,
        cast(discount as {{ money_type() }}) as discount,
        cast(refund as {{ money_type() }}) as refund,
        cast(refund_of_orders as {{ money_type() }}) as refund_of_orders,
        cast(gross_revenue - discount - refund as {{ money_type() }}) as net_revenue,
        cast(tax as {{ money_type() }}) as tax,
        cast(shipping as {{ money_type() }}) as shipping,
        cast(cost_of_goods as {{ money_type() }}) as cost_of_goods,
        cast(commission as {{ money_type() }}) as commission,
        case
            when orders_without_cost = 0
                then cast(gross_revenue - discount - refund - cost_of_goods - commission as {{ money_type() }})
        end as margin,
        case when orders > 0 then cast(identified_orders as double) / orders end as identified_share,
        case when orders > 0 then cast(gross_revenue - discount as double) / orders end as average_order_value,
        is_complete,
        orders >= {{ var('reliability')['min_n'] }} as is_reliable
    from measured
{%- endmacro %}
