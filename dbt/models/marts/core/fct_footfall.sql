with

footfall as (
    select * from {{ ref('stg_stores__footfall') }}
),

final as (
    select
        store_code,
        counted_on as counted_date,
        cast(hour as bigint) as hour,
        hour_started_at,
        is_measured,
        cast(entries as bigint) as entries,
        cast(exits as bigint) as exits
    from footfall
)

select * from final
