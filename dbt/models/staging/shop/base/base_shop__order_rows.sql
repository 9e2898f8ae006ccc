-- The export repeats an order whole whenever it changes; its rows have no key, since two equal lines of an order are
-- two lines. So the whole order is taken from the latest delivery that holds it.
with

source as (
    select * from {{ source('raw', 'shop_orders') }}
),

exports as (
    select
        *,
        dense_rank() over (
            partition by name
            order by ds desc, _arrival_date desc, delivery desc
        ) as export_rank,
        min(_arrival_date) over (partition by name) as first_seen_date,
        min(case when {{ shop_order_is_cancelled() }} then _arrival_date end) over (partition by name)
            as cancelled_seen_date
    from source
),

final as (
    select
        name,
        row_number() over (partition by name order by _file, _line) as line_number,
        order_id,
        email,
        phone,
        billing_name,
        billing_street,
        billing_city,
        billing_zip,
        billing_country,
        billing_phone,
        shipping_phone,
        note_attributes,
        source,
        financial_status,
        fulfillment_status,
        shipping_method,
        currency,
        subtotal,
        discount_code,
        discount_amount,
        shipping,
        taxes,
        total,
        refunded_amount,
        created_at,
        paid_at,
        fulfilled_at,
        cancelled_at,
        line_sku,
        line_quantity,
        line_price,
        line_discount,
        line_taxable,
        first_seen_date,
        cancelled_seen_date,
        _arrival_date
    from exports
    where export_rank = 1
)

select * from final
