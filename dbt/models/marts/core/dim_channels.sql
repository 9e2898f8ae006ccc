{%- set shipped = {
    'sales': ['web', 'app', 'store', 'phone', 'marketplace'],
    'service': ['phone', 'email', 'chat', 'social', 'store', 'bot', 'self_service'],
    'touch': [
        'paid_search', 'paid_social', 'display', 'affiliate', 'organic_search', 'organic_social', 'referral', 'email',
        'sms', 'push', 'direct', 'store_visit', 'phone', 'chat', 'unattributed',
    ],
} -%}

with

orders as (
    select * from {{ ref('fct_orders') }}
),

refunds as (
    select * from {{ ref('fct_refunds') }}
),

carts as (
    select * from {{ ref('fct_carts') }}
),

tickets as (
    select * from {{ ref('fct_tickets') }}
),

survey_responses as (
    select * from {{ ref('fct_survey_responses') }}
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

sessions as (
    select * from {{ ref('fct_sessions') }}
),

ad_spend as (
    select * from {{ ref('fct_ad_spend') }}
),

channel_costs as (
    select * from {{ ref('fct_channel_costs') }}
),

shipped as (
    {% for channel_role, channels in shipped.items() -%}
        {%- set outer_loop = loop -%}
        {%- for channel in channels -%}
            select
                '{{ channel_role }}' as channel_role,
                '{{ channel }}' as channel
            {%- if not (loop.last and outer_loop.last) %}
                union all
            {% endif %}
        {%- endfor %}
    {%- endfor %}
),

-- A retailer's own channels need no entry above: whatever a fact names is a channel.
observed as (
    select
        'sales' as channel_role,
        sales_channel as channel
    from orders
    union
    select
        'sales' as channel_role,
        sales_channel as channel
    from refunds
    union
    select
        'sales' as channel_role,
        sales_channel as channel
    from carts
    union
    select
        'service' as channel_role,
        channel
    from tickets
    union
    select
        channel_role,
        channel
    from survey_responses
    union
    select
        'touch' as channel_role,
        touch_channel as channel
    from touchpoints
    union
    select
        'touch' as channel_role,
        touch_channel as channel
    from sessions
    union
    select
        'touch' as channel_role,
        touch_channel as channel
    from ad_spend
    union
    select
        'touch' as channel_role,
        touch_channel as channel
    from channel_costs
),

members as (
    select
        channel_role,
        channel,
        1 as is_shipped
    from shipped

    union all

    select
        channel_role,
        channel,
        0 as is_shipped
    from observed
    where
        channel_role is not null
        and channel is not null
),

final as (
    select
        {{ surrogate_key(['channel_role', 'channel']) }} as channel_key,
        channel_role,
        channel,
        channel in ('store', 'store_visit') as is_physical,
        max(is_shipped) = 1 as is_shipped
    from members
    group by channel_role, channel
)

select * from final
