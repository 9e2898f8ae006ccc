with

credits as (
    select * from {{ ref('int_attribution_credits') }}
),

final as (
    {% for model in attribution_models() -%}
        select
            order_id,
            touchpoint_id,
            '{{ model }}' as model,
            customer_id,
            ordered_date,
            touch_channel,
            campaign_id,
            {{ model }} as credit_conversions,
            {{ model }} * cast(net_revenue as double) as credit_revenue
        from credits
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}
)

select * from final
