-- Order fields stand on the first row of an order alone, so the one value present among its rows is the order's.
with

order_rows as (
    select * from {{ ref('base_shop__order_rows') }}
),

merged as (
    select
        name as order_name,
        max(order_id) as shop_order_id,
        max({{ clean_text('lower(email)') }}) as email,
        coalesce(max({{ clean_text('phone') }}), max({{ clean_text('billing_phone') }})) as phone,
        max({{ clean_text('shipping_phone') }}) as shipping_phone,
        max({{ note_attribute('note_attributes', 'customer_account') }}) as customer_account,
        max({{ note_attribute('note_attributes', 'ga_client_id') }}) as device_id,
        max({{ note_attribute('note_attributes', 'loyalty_card') }}) as loyalty_card,
        max({{ clean_text('billing_name') }}) as billing_name,
        max({{ clean_text('billing_street') }}) as billing_street,
        max({{ clean_text('billing_city') }}) as billing_city,
        max({{ clean_text('billing_zip') }}) as billing_postal_code,
        max({{ clean_text('billing_country') }}) as billing_country,
        max(lower(source)) as source_name,
        max(financial_status) as financial_status,
        max(fulfillment_status) as fulfillment_status,
        max({{ clean_text('shipping_method') }}) as shipping_method,
        max({{ clean_text('currency') }}) as currency,
        cast(coalesce(max(subtotal), 0) as {{ money_type() }}) as subtotal_ttc,
        cast(coalesce(max(discount_amount), 0) as {{ money_type() }}) as discount_ttc,
        cast(coalesce(max(shipping), 0) as {{ money_type() }}) as shipping_ttc,
        cast(coalesce(max(taxes), 0) as {{ money_type() }}) as taxes,
        cast(coalesce(max(total), 0) as {{ money_type() }}) as total_ttc,
        cast(coalesce(max(refunded_amount), 0) as {{ money_type() }}) as refunded_ttc,
        max({{ clean_text('discount_code') }}) as discount_code,
        min(created_at) as ordered_at,
        max(paid_at) as paid_at,
        max(fulfilled_at) as fulfilled_at,
        max(cancelled_at) as cancelled_at,
        max(first_seen_date) as first_seen_date,
        max(cancelled_seen_date) as cancelled_seen_date,
        max(_arrival_date) as last_seen_date
    from order_rows
    group by name
),

final as (
    select
        *,
        {{ person_key(bare='customer_account', email='email', phone='phone') }} as source_person_key,
        case source_name
            when 'mobile_app' then 'app'
            when 'draft_orders' then 'phone'
            when 'marketplace' then 'marketplace'
            else 'web'
        end as sales_channel,
        case
            when lower(shipping_method) like 'click & collect%' then 'click_and_collect'
            else 'ship'
        end as fulfilment,
        {{ regex_extract('shipping_method', '(?i)^click & collect *- *(.+)$') }} as store_code,
        {{ shop_order_is_cancelled() }} as is_cancelled
    from merged
)

select * from final
