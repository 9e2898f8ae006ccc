with

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        source_record_hash as source_record_key,
        customer_id,
        source_system,
        match_method,
        cast(match_probability as double) as match_probability,
        cast(linked_at as date) as linked_at
    from customer_links
)

select * from final
