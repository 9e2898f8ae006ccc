{{ config(materialized='view', schema='restricted') }}

-- A ticket comes again, with its whole history, in the week it changed. Free text stays in the restricted schema.
with

source as (
    select
        *,
        {{ delivery_rank(['id']) }} as version_rank,
        min(_arrival_date) over (partition by id) as first_seen_date,
        min(case when status in ('solved', 'closed') then _arrival_date end) over (partition by id) as solved_seen_date
    from {{ source('raw', 'support_tickets') }}
)

select * from source where version_rank = 1
