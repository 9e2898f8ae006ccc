with

costs as (
    select * from {{ ref('stg_costs__other_costs') }}
),

final as (
    select
        {{ surrogate_key(["'cost'", 'cost_id']) }} as cost_id,
        cost_month,
        category,
        touch_channel,
        campaign_id,
        spend_purpose,
        {{ in_reporting_currency('amount', fx_rate('currency')) }} as cost
    from costs
)

select * from final
