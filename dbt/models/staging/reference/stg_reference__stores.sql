with

source as (
    select
        *,
        {{ delivery_rank(['store_code']) }} as version_rank
    from {{ source('raw', 'stores') }}
),

final as (
    select
        store_code,
        name as store_name,
        {{ clean_text('street') }} as street,
        postal_code,
        city,
        {{ clean_text('region') }} as region,
        {{ clean_text('phone') }} as phone,
        opened_on,
        ds as snapshot_on
    from source
    where version_rank = 1
)

select * from final
