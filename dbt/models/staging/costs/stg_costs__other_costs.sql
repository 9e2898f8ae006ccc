with

source as (
    select
        *,
        {{ delivery_rank(['cost_id']) }} as version_rank
    from {{ source('raw', 'other_costs') }}
),

final as (
    select
        cost_id,
        month as cost_month,
        category,
        {{ clean_text('touch_channel') }} as touch_channel,
        {{ clean_text('campaign_id') }} as campaign_id,
        spend_purpose,
        cast(amount as {{ money_type() }}) as amount,
        {{ clean_text('currency') }} as currency
    from source
    where version_rank = 1
)

select * from final
