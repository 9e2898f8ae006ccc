with

source as (
    select
        *,
        {{ delivery_rank(['store_code', 'counted_on', 'hour']) }} as version_rank
    from {{ source('raw', 'store_footfall') }}
),

final as (
    select
        store_code,
        counted_on,
        hour,
        {{ utc_timestamp(
            "cast(cast(counted_on as " ~ text_type() ~ ") || ' ' || lpad(cast(hour as " ~ text_type()
            ~ "), 2, '0') || ':00:00' as timestamp)"
        ) }} as hour_started_at,
        counter_state = 'OK' and entries is not null as is_measured,
        case when counter_state = 'OK' then entries end as entries,
        case when counter_state = 'OK' then exits end as exits
    from source
    where version_rank = 1
)

select * from final
