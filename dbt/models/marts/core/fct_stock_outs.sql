with

stock_outs as (
    select * from {{ ref('stg_stores__stock_outs') }}
),

final as (
    select
        store_code,
        sku,
        out_since as out_from_date,
        back_on as back_date,
        back_on is null as is_open,
        cast(
            {{ days_between('out_since', 'coalesce(back_on, ' ~ add_days(data_end_date(), 1) ~ ')') }} as bigint
        ) as days_out
    from stock_outs
)

select * from final
