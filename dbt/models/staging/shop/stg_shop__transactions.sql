with

source as (
    select
        *,
        {{ delivery_rank(['transaction_id']) }} as version_rank,
        min(_arrival_date) over (partition by transaction_id) as first_seen_date
    from {{ source('raw', 'shop_transactions') }}
),

final as (
    select
        transaction_id,
        order_name,
        kind,
        gateway,
        status,
        cast(amount as {{ money_type() }}) as amount_ttc,
        {{ clean_text('currency') }} as currency,
        {{ clean_text('customer_account') }} as customer_account,
        created_at as transacted_at,
        first_seen_date
    from source
    where version_rank = 1
)

select * from final
