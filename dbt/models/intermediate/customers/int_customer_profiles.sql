{%- set gap_seconds = var('windows')['journey_gap_days'] * 86400 -%}
{%- set purposes = ['email', 'sms', 'phone', 'push', 'postal', 'profiling', 'cookies', 'open_tracking'] -%}

with

golden as (
    select * from {{ ref('int_customer_golden') }}
),

customer_records as (
    select * from {{ ref('int_customer_records') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

dates as (
    select * from {{ ref('dim_dates') }}
),

products as (
    select * from {{ ref('dim_products') }}
),

orders as (
    select * from {{ ref('fct_orders') }}
    where not is_cancelled
),

order_lines as (
    select * from {{ ref('fct_order_lines') }}
    where not is_cancelled
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

consents as (
    select * from {{ ref('fct_consents') }}
    where
        is_current
        and customer_id <> 'unknown'
),

survey_responses as (
    select * from {{ ref('fct_survey_responses') }}
    where
        score is not null
        and customer_id <> 'unknown'
),

segments as (
    select * from {{ ref('int_customer_segments') }}
    where month = {{ period_start('month', data_end_date()) }}
),

members as (
    select
        customer_id,
        true as is_known,
        first_seen_at,
        region,
        birth_date,
        gender,
        loyalty_tier
    from golden

    union all

    select
        'unknown' as customer_id,
        false as is_known,
        cast(null as timestamp) as first_seen_at,
        cast(null as {{ text_type() }}) as region,
        cast(null as date) as birth_date,
        cast(null as {{ text_type() }}) as gender,
        cast(null as {{ text_type() }}) as loyalty_tier
),

data_start as (
    select min(date_day) as first_date
    from dates
    where is_observed
),

source_starts as (
    select
        source_system,
        min(first_seen_date) as first_delivery_date
    from customer_records
    group by source_system
),

there_from_the_start as (
    select distinct customer_links.customer_id
    from customer_records
    inner join source_starts
        on
            customer_records.source_system = source_starts.source_system
            and customer_records.first_seen_date = source_starts.first_delivery_date
    inner join customer_links
        on
            customer_records.source_system = customer_links.source_system
            and customer_records.source_person_key = customer_links.source_person_key
),

purchases as (
    select
        customer_id,
        count(*) as orders,
        sum(net_revenue) as net_revenue,
        min(case when customer_id <> 'unknown' then ordered_at end) as first_order_at,
        max(case when customer_id <> 'unknown' then ordered_at end) as last_order_at,
        {{ array_agg_distinct('sales_channel') }} as sales_channels
    from orders
    group by customer_id
),

touches as (
    select
        customer_id,
        {{ array_agg_distinct('touch_channel') }} as touch_channels
    from touchpoints
    group by customer_id
),

acquiring_touches as (
    select
        touchpoints.customer_id,
        touchpoints.touch_channel,
        row_number() over (
            partition by touchpoints.customer_id order by touchpoints.touched_at, touchpoints.touchpoint_id
        ) as touch_rank
    from touchpoints
    inner join purchases
        on touchpoints.customer_id = purchases.customer_id
    where
        touchpoints.customer_id <> 'unknown'
        and {{ seconds_between('touchpoints.touched_at', 'purchases.first_order_at') }} between 0 and {{ gap_seconds }}
),

channel_purchases as (
    select
        customer_id,
        sales_channel,
        row_number() over (
            partition by customer_id order by count(*) desc, max(ordered_at) desc, sales_channel asc
        ) as channel_rank
    from orders
    where customer_id <> 'unknown'
    group by customer_id, sales_channel
),

category_purchases as (
    select
        order_lines.customer_id,
        products.category,
        row_number() over (
            partition by order_lines.customer_id
            order by sum(order_lines.gross_revenue - order_lines.discount) desc, products.category asc
        ) as category_rank
    from order_lines
    inner join products
        on order_lines.sku = products.sku
    where
        order_lines.customer_id <> 'unknown'
        and order_lines.is_product
        and products.category is not null
    group by order_lines.customer_id, products.category
),

consents_now as (
    select
        customer_id,
        {{ array_agg_distinct('purpose') }} as purposes,
    {%- for purpose in purposes %}
        max(case when purpose = '{{ purpose }}' then 1 else 0 end) as has_{{ purpose }}_consent
        {{- ',' if not loop.last }}
    {%- endfor %}
    from consents
    group by customer_id
),

ranked_scores as (
    select
        customer_id,
        survey,
        score,
        row_number() over (
            partition by customer_id, survey order by responded_at desc, survey_response_id asc
        ) as score_rank
    from survey_responses
),

last_scores as (
    select
        customer_id,
        max(case when survey = 'nps' then score end) as last_nps,
        max(case when survey = 'csat' then score end) as last_csat
    from ranked_scores
    where score_rank = 1
    group by customer_id
),

final as (
    select
        members.customer_id,
        members.is_known,
        members.first_seen_at,
        case
            when members.is_known
                then
                    there_from_the_start.customer_id is not null
                    or coalesce({{ local_date('members.first_seen_at') }} < data_start.first_date, false)
        end as is_left_censored,
        coalesce(acquiring_touches.touch_channel, 'unattributed') as acquisition_channel,
        channel_purchases.sales_channel as preferred_channel,
        category_purchases.category as top_category,
        members.region,
        cast(extract(year from members.birth_date) as integer) as birth_year,
        members.gender,
        members.loyalty_tier,
        coalesce({{ array_to_text('consents_now.purposes', ', ') }}, '') as consents,
        {%- for purpose in purposes %}
            coalesce(consents_now.has_{{ purpose }}_consent = 1, false) as has_{{ purpose }}_consent,
        {%- endfor %}
        coalesce({{ array_to_text('purchases.sales_channels', ', ') }}, '') as sales_channels_used,
        coalesce({{ array_to_text('touches.touch_channels', ', ') }}, '') as touch_channels_used,
        case when members.is_known then coalesce(segments.omnichannel_level, 'none') end as omnichannel_level,
        case when members.is_known then coalesce(segments.is_omnichannel, false) end as is_omnichannel,
        case when members.is_known then coalesce(segments.is_active, false) end as is_active,
        segments.rfm_segment,
        cast(coalesce(purchases.orders, 0) as bigint) as orders,
        cast(coalesce(purchases.net_revenue, 0) as {{ money_type() }}) as net_revenue,
        purchases.first_order_at,
        purchases.last_order_at,
        last_scores.last_nps,
        last_scores.last_csat
    from members
    cross join data_start
    left join there_from_the_start
        on members.customer_id = there_from_the_start.customer_id
    left join purchases
        on members.customer_id = purchases.customer_id
    left join touches
        on members.customer_id = touches.customer_id
    left join acquiring_touches
        on
            members.customer_id = acquiring_touches.customer_id
            and acquiring_touches.touch_rank = 1
    left join channel_purchases
        on
            members.customer_id = channel_purchases.customer_id
            and channel_purchases.channel_rank = 1
    left join category_purchases
        on
            members.customer_id = category_purchases.customer_id
            and category_purchases.category_rank = 1
    left join consents_now
        on members.customer_id = consents_now.customer_id
    left join last_scores
        on members.customer_id = last_scores.customer_id
    left join segments
        on members.customer_id = segments.customer_id
)

select * from final
