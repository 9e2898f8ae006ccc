with

relaunches as (
    select * from {{ ref('int_cart_relaunches') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

final as (
    select
        relaunches.relaunch_id,
        coalesce(customer_links.customer_id, 'unknown') as customer_id,
        relaunches.source_system,
        relaunches.cart_id,
        relaunches.experiment_id,
        relaunches.channel,
        relaunches.variant,
        relaunches.is_held_out,
        relaunches.enrolled_at,
        relaunches.enrolled_date,
        relaunches.sent_at,
        relaunches.opened_at,
        relaunches.clicked_at
    from relaunches
    left join customer_links
        on
            relaunches.source_system = customer_links.source_system
            and relaunches.source_person_key = customer_links.source_person_key
)

select * from final
