{%- set shown = var('segments')['next_categories'] -%}

with

category_days as (
    select * from {{ ref('int_category_days') }}
),

distinct_days as (
    select distinct
        customer_id,
        purchase_date
    from category_days
),

days as (
    select
        *,
        lead(purchase_date) over (partition by customer_id order by purchase_date) as next_date
    from distinct_days
),

followed as (
    select
        category_days.customer_id,
        category_days.purchase_date,
        category_days.category,
        days.next_date
    from category_days
    inner join days
        on
            category_days.customer_id = days.customer_id
            and category_days.purchase_date = days.purchase_date
),

-- From each category of one purchase to each of the next one.
steps as (
    select
        followed.category as from_category,
        later.category as to_category,
        count(*) as steps
    from followed
    inner join category_days as later
        on
            followed.customer_id = later.customer_id
            and followed.next_date = later.purchase_date
    group by followed.category, later.category
),

starts as (
    select
        category as from_category,
        count(*) as starts
    from followed
    where next_date is not null
    group by category
),

repeats as (
    select count(*) as repeats
    from days
    where next_date is not null
),

shares as (
    select
        category_days.category as to_category,
        count(*) as purchases
    from days
    inner join category_days
        on
            days.customer_id = category_days.customer_id
            and days.next_date = category_days.purchase_date
    group by category_days.category
),

last_categories as (
    select
        customer_id,
        purchase_date as last_purchase_date,
        category
    from followed
    where next_date is null
),

last_starts as (
    select
        last_categories.customer_id,
        last_categories.last_purchase_date,
        sum(starts.starts) as starts
    from last_categories
    inner join starts
        on last_categories.category = starts.from_category
    group by last_categories.customer_id, last_categories.last_purchase_date
),

-- Whoever bought several categories last is compared with everybody who left off with one of them.
pooled as (
    select
        last_categories.customer_id,
        steps.to_category as category,
        sum(steps.steps) as steps
    from last_categories
    inner join steps
        on last_categories.category = steps.from_category
    group by last_categories.customer_id, steps.to_category
),

owned as (
    select distinct
        customer_id,
        category
    from category_days
),

ranked as (
    select
        pooled.customer_id,
        last_starts.last_purchase_date,
        pooled.category,
        last_starts.starts as n,
        cast(pooled.steps as double) / last_starts.starts as probability,
        cast(shares.purchases as double) / repeats.repeats as probability_of_all,
        owned.customer_id is not null as is_bought_before,
        row_number() over (
            partition by pooled.customer_id order by pooled.steps desc, shares.purchases desc, pooled.category asc
        ) as choice
    from pooled
    inner join last_starts
        on pooled.customer_id = last_starts.customer_id
    inner join shares
        on pooled.category = shares.to_category
    cross join repeats
    left join owned
        on
            pooled.customer_id = owned.customer_id
            and pooled.category = owned.category
),

final as (
    select
        customer_id,
        cast(choice as bigint) as choice,
        category,
        last_purchase_date,
        cast(n as bigint) as n,
        probability,
        probability_of_all,
        probability / probability_of_all as lift,
        is_bought_before,
        n >= {{ var('reliability')['min_n'] }} as is_reliable
    from ranked
    where choice <= {{ shown }}
)

select * from final
