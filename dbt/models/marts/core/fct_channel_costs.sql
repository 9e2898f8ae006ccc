with

channel_costs as (
    select * from {{ ref('int_channel_costs') }}
),

final as (
    select
        cost_id,
        cost_month,
        category,
        touch_channel,
        campaign_id,
        spend_purpose,
        cast(cost as {{ money_type() }}) as cost
    from channel_costs
)

select * from final
