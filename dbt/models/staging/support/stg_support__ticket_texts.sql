{{ config(materialized='view', schema='restricted') }}

with

tickets as (
    select * from {{ ref('base_support__tickets') }}
),

final as (
    select
        id as ticket_id,
        {{ clean_text('subject') }} as subject,
        {{ clean_text('description') }} as description
    from tickets
)

select * from final
