with

checkout_rows as (
    select * from {{ ref('base_shop__checkout_rows') }}
),

merged as (
    select
        checkout_id,
        max({{ clean_text('lower(email)') }}) as email,
        max({{ clean_text('phone') }}) as phone,
        max({{ note_attribute('note_attributes', 'customer_account') }}) as customer_account,
        max({{ note_attribute('note_attributes', 'ga_client_id') }}) as device_id,
        max(lower(source)) as source_name,
        max(recovery_status) as recovery_status,
        max({{ clean_text('currency') }}) as currency,
        min(created_at) as created_at,
        max(first_seen_date) as first_seen_date,
        max(_arrival_date) as last_seen_date
    from checkout_rows
    group by checkout_id
),

final as (
    select
        *,
        {{ person_key(bare='customer_account', email='email', phone='phone') }} as source_person_key,
        case when source_name = 'mobile_app' then 'app' else 'web' end as sales_channel
    from merged
)

select * from final
