-- As with orders: a checkout is taken whole from the latest delivery that holds it.
with

source as (
    select * from {{ source('raw', 'shop_checkouts') }}
),

exports as (
    select
        *,
        dense_rank() over (
            partition by checkout_id
            order by ds desc, _arrival_date desc, delivery desc
        ) as export_rank,
        min(_arrival_date) over (partition by checkout_id) as first_seen_date
    from source
),

final as (
    select
        *,
        row_number() over (partition by checkout_id order by _file, _line) as line_number
    from exports
    where export_rank = 1
)

select * from final
