-- An order converts at most one journey, and journeys hold every touch of known customers once.
with

orders_used_twice as (
    select order_id as reason
    from {{ ref('fct_journeys') }}
    where order_id is not null
    group by order_id
    having count(*) > 1
),

touch_counts as (
    select
        (select coalesce(sum(touches), 0) from {{ ref('fct_journeys') }}) as in_journeys,
        (select count(*) from {{ ref('fct_touchpoints') }} where customer_id <> 'unknown') as delivered
)

select reason from orders_used_twice
union all
select 'touches lost or doubled' as reason
from touch_counts
where in_journeys <> delivered
