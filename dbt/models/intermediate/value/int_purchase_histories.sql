{%- set held_out_days = var('customer_value')['held_out_days'] -%}
{%- set churn_days = var('churn')['horizon_days'] -%}
{%- set cuts = {'now': 0, 'held_out': held_out_days, 'validate': churn_days, 'train': 2 * churn_days} -%}

with

purchase_days as (
    select
        *,
        min(purchase_date) over (partition by customer_id) as first_date
    from {{ ref('int_purchase_days') }}
),

cuts as (
    {%- for cut, days_before in cuts.items() %}
        select
            '{{ cut }}' as cut,
            {{ add_days(data_end_date(), -days_before) }} as cut_date
        {%- if not loop.last %}

            union all
        {% endif %}
    {%- endfor %}
),

judged as (
    select
        cuts.cut,
        cuts.cut_date,
        purchase_days.customer_id,
        purchase_days.first_date,
        purchase_days.purchase_date,
        purchase_days.net_revenue,
        purchase_days.purchase_date <= cuts.cut_date as is_known,
        purchase_days.purchase_date > {{ add_days('cuts.cut_date', -held_out_days) }} as is_recent
    from purchase_days
    inner join cuts
        on purchase_days.first_date <= cuts.cut_date
),

final as (
    select
        cut,
        customer_id,
        cut_date,
        count(case when is_known and purchase_date > first_date then 1 end) as frequency,
        cast(
            {{ days_between('min(first_date)', 'max(case when is_known then purchase_date end)') }} as bigint
        ) as recency_days,
        cast({{ days_between('min(first_date)', 'cut_date') }} as bigint) as age_days,
        count(case when is_known and is_recent then 1 end) as recent_orders,
        count(case when not is_known then 1 end) as future_orders,
        count(case when is_known and purchase_date > first_date and net_revenue > 0 then 1 end) as valued_orders,
        sum(case when is_known and purchase_date > first_date and net_revenue > 0 then net_revenue end)
            as valued_revenue
    from judged
    group by cut, customer_id, cut_date
)

select * from final
