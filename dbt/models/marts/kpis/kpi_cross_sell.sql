with

order_lines as (
    select * from {{ ref('fct_order_lines') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

lines as (
    select distinct
        order_lines.order_id,
        order_lines.customer_id,
        order_lines.ordered_date,
        coalesce(products.category, 'unknown') as category
    from order_lines
    left join products
        on order_lines.sku = products.sku
    where
        order_lines.is_product
        and not order_lines.is_cancelled
),

customer_categories as (
    select distinct
        date_periods.period,
        date_periods.period_start,
        lines.customer_id,
        lines.category
    from lines
    inner join date_periods
        on lines.ordered_date = date_periods.date_day
    where lines.customer_id <> 'unknown'
),

-- Bought together in one order. An order has one day, so days are counted and then added up to periods.
order_pairs as (
    select
        one.ordered_date,
        one.category,
        other.category as other_category,
        count(*) as units
    from lines as one
    inner join lines as other
        on
            one.order_id = other.order_id
            and one.category < other.category
    group by one.ordered_date, one.category, other.category
),

order_categories as (
    select
        ordered_date,
        category,
        count(*) as units
    from lines
    group by ordered_date, category
),

orders as (
    select
        ordered_date,
        count(distinct order_id) as units,
        count(distinct case when customer_id <> 'unknown' then order_id end) as identified_units
    from lines
    group by ordered_date
),

totals as (
    select
        date_periods.period,
        date_periods.period_start,
        'order' as basis,
        sum(orders.units) as units
    from orders
    inner join date_periods
        on orders.ordered_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start

    union all

    select
        period,
        period_start,
        'customer' as basis,
        count(distinct customer_id) as units
    from customer_categories
    group by period, period_start
),

categories as (
    select
        date_periods.period,
        date_periods.period_start,
        'order' as basis,
        order_categories.category,
        sum(order_categories.units) as units
    from order_categories
    inner join date_periods
        on order_categories.ordered_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, order_categories.category

    union all

    select
        period,
        period_start,
        'customer' as basis,
        category,
        count(*) as units
    from customer_categories
    group by period, period_start, category
),

unordered_pairs as (
    select
        date_periods.period,
        date_periods.period_start,
        'order' as basis,
        order_pairs.category,
        order_pairs.other_category,
        sum(order_pairs.units) as units
    from order_pairs
    inner join date_periods
        on order_pairs.ordered_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, order_pairs.category, order_pairs.other_category

    union all

    select
        one.period,
        one.period_start,
        'customer' as basis,
        one.category,
        other.category as other_category,
        count(*) as units
    from customer_categories as one
    inner join customer_categories as other
        on
            one.period = other.period
            and one.period_start = other.period_start
            and one.customer_id = other.customer_id
            and one.category < other.category
    group by one.period, one.period_start, one.category, other.category
),

pairs as (
    select * from unordered_pairs

    union all

    select
        period,
        period_start,
        basis,
        other_category as category,
        category as other_category,
        units
    from unordered_pairs
),

identified as (
    select
        date_periods.period,
        date_periods.period_start,
        date_periods.is_complete,
        cast(sum(orders.identified_units) as double) / sum(orders.units) as identified_share
    from orders
    inner join date_periods
        on orders.ordered_date = date_periods.date_day
    group by date_periods.period, date_periods.period_start, date_periods.is_complete
),

final as (
    select
        pairs.period,
        pairs.period_start,
        pairs.basis,
        pairs.category,
        pairs.other_category,
        cast(pairs.units as bigint) as units_with_both,
        cast(categories.units as bigint) as units_with_category,
        cast(other_categories.units as bigint) as units_with_other,
        cast(totals.units as bigint) as units,
        identified.identified_share,
        cast(pairs.units as double) * totals.units / (cast(categories.units as double) * other_categories.units)
            as lift,
        cast(pairs.units as double) / categories.units as cross_sell_rate,
        identified.is_complete,
        categories.units >= {{ var('reliability')['min_n'] }} as is_reliable
    from pairs
    inner join categories
        on
            pairs.period = categories.period
            and pairs.period_start = categories.period_start
            and pairs.basis = categories.basis
            and pairs.category = categories.category
    inner join categories as other_categories
        on
            pairs.period = other_categories.period
            and pairs.period_start = other_categories.period_start
            and pairs.basis = other_categories.basis
            and pairs.other_category = other_categories.category
    inner join totals
        on
            pairs.period = totals.period
            and pairs.period_start = totals.period_start
            and pairs.basis = totals.basis
    inner join identified
        on
            pairs.period = identified.period
            and pairs.period_start = identified.period_start
)

select * from final
