with

credits as (
    select * from {{ ref('int_attribution_credits') }}
),

-- Decimals, so that sums do not depend on the order of rows.
summed as (
    select
        ordered_date,
        touch_channel,
        {%- for model in attribution_models() %}
            sum(cast({{ model }} as decimal(18, 15))) as {{ model }}_orders,
            sum(cast({{ model }} * cast(net_revenue as double) as decimal(18, 9))) as {{ model }}_revenue,
            sum(cast({{ model }} * cast(margin as double) as decimal(18, 9))) as {{ model }}_margin,
            sum(case when margin is null then cast({{ model }} as decimal(18, 15)) else 0 end) as {{ model }}_uncosted,
        {%- endfor %}
        campaign_id,
        is_first_order
    from credits
    group by ordered_date, touch_channel, campaign_id, is_first_order
),

final as (
    {% for model in attribution_models() -%}
        select
            ordered_date,
            touch_channel,
            campaign_id,
            '{{ model }}' as model,
            cast(sum({{ model }}_orders) as decimal(33, 15)) as conversions,
            cast(sum(case when is_first_order then {{ model }}_orders else 0 end) as decimal(33, 15)) as new_customers,
            cast(sum({{ model }}_revenue) as decimal(33, 9)) as net_revenue,
            cast(sum({{ model }}_margin) as decimal(33, 9)) as margin,
            cast(sum({{ model }}_uncosted) as decimal(33, 15)) as conversions_without_cost
        from summed
        group by ordered_date, touch_channel, campaign_id
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}
)

select * from final
