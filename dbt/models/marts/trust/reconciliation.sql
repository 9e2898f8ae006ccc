-- Source totals are taken from staging by the plainest rule that is right, never from int_* or fct_*: a row lost or
-- fanned out on the way to the marts shows as a difference. Only rounding, exchange rates and the rules that tell
-- machines are shared, as macros.
{%- set platforms = {'google_ads': 'google', 'meta_ads': 'meta', 'linkedin_ads': 'linkedin'} -%}

{#- measure, source system, total, CTE -#}
{%- set source_measures = [
    ('orders', 'shop', 'count(*)', 'shop_orders'),
    ('orders', 'pos', 'count(distinct ticket_key)', 'sold_lines'),
    ('orders_by_channel_and_year', 'all', 'count(distinct order_reference)', 'order_sources'),
    ('order_lines', 'shop', 'count(*)', 'shop_lines'),
    ('order_lines', 'pos', 'count(*)', 'sold_lines'),
    ('items', 'shop', 'sum(quantity)', 'shop_lines'),
    ('items', 'pos', 'sum(quantity)', 'sold_lines'),
    ('revenue_with_tax', 'shop', 'sum(goods)', 'shop_amounts'),
    ('revenue_with_tax', 'pos', 'sum(net_ttc)', 'sold_lines'),
    ('revenue_and_shipping_with_tax', 'shop', 'sum(goods + shipping)', 'shop_amounts'),
    ('revenue_and_shipping_with_tax', 'pos', 'sum(net_ttc)', 'sold_lines'),
    ('refunds', 'shop', 'count(*)', 'shop_refunds'),
    ('refunds', 'pos', 'count(*)', 'store_returns'),
    ('refunds_with_tax', 'shop', 'sum(amount)', 'shop_refunds'),
    ('refunds_with_tax', 'pos', 'sum(amount)', 'store_returns'),
    ('checkouts', 'shop', 'count(*)', 'shop_checkouts'),
    ('sessions', 'web', 'count(distinct session_key)', 'web_events'),
    ('touches', 'all', 'count(*)', 'touch_sources'),
    ('touches_by_session', 'web', 'count(distinct session_key)', 'web_events'),
    ('touches_by_click', 'messaging', 'count(*)', 'clicked_messages'),
    ('touches_by_contact', 'support', 'count(*)', 'touching_tickets'),
    ('messages', 'messaging', 'count(distinct message_id)', 'message_events'),
    ('tickets', 'support', 'count(*)', 'support_tickets'),
    ('survey_invitations', 'survey', 'count(*)', 'survey_invitations'),
    ('survey_responses', 'survey', 'count(*)', 'survey_answers'),
    ('nps_invitations_by_year', 'survey', "count(case when survey = 'nps' then 1 end)", 'survey_invitations'),
    ('csat_invitations_by_year', 'survey', "count(case when survey = 'csat' then 1 end)", 'survey_invitations'),
    ('loyalty_events', 'loyalty', 'count(*)', 'card_events'),
    ('loyalty_points', 'loyalty', 'sum(points)', 'card_events'),
    ('social_posts', 'social', 'count(*)', 'source_posts'),
    ('social_engagement', 'social', 'sum(likes + comments + shares)', 'source_posts'),
    ('channel_costs', 'other_costs', 'sum(amount)', 'source_costs'),
    ('experiment_exposures', 'experiments', 'count(*)', 'source_exposures'),
    ('calls', 'calls', 'count(*)', 'source_calls'),
    ('bot_conversations', 'bot', 'count(*)', 'source_conversations'),
    ('service_contacts', 'all', 'count(*)', 'contact_sources'),
    ('cart_relaunches', 'relaunches', 'count(*)', 'source_relaunches'),
    ('pickups', 'stores', 'count(*)', 'source_pickups'),
    ('linked_records', 'crm', 'count(*)', 'crm_contacts'),
    ('linked_records', 'web', 'count(*)', 'web_accounts'),
] -%}
{%- for platform in platforms -%}
    {%- do source_measures.append(('ad_spend', platform, 'sum(amount)', platform ~ '_days')) -%}
    {%- do source_measures.append(('ad_impressions', platform, 'sum(impressions)', platform ~ '_days')) -%}
{%- endfor -%}

{#- measure, total, CTE with the column `origin` -#}
{%- set mart_measures = [
    ('orders', 'count(*)', 'orders'),
    ('orders_by_channel_and_year', 'sum(orders + cancelled_orders)', 'channel_revenue'),
    ('order_lines', 'count(*)', 'order_lines'),
    ('items', 'sum(quantity)', 'orders'),
    ('revenue_with_tax', 'sum(gross_revenue - discount + tax)', 'order_lines'),
    ('revenue_and_shipping_with_tax', 'sum(gross_revenue - discount + tax + shipping)', 'orders'),
    ('refunds', 'count(*)', 'refunds'),
    ('refunds_with_tax', 'sum(refund + tax + shipping)', 'refunds'),
    ('checkouts', 'count(*)', 'checkout_carts'),
    ('sessions', 'count(*)', 'sessions'),
    ('touches', 'count(*)', 'touches_and_own_visits'),
    ('touches_by_session', 'count(*)', 'session_touches_and_own_visits'),
    ('touches_by_click', 'count(*)', 'click_touches'),
    ('touches_by_contact', 'count(*)', 'contact_touches'),
    ('messages', 'count(*)', 'messages'),
    ('tickets', 'count(*)', 'tickets'),
    ('survey_invitations', 'count(*)', 'survey_responses'),
    ('survey_responses', 'count(case when is_answered then 1 end)', 'survey_responses'),
    ('nps_invitations_by_year', 'sum(invited)', 'nps'),
    ('csat_invitations_by_year', 'sum(invited)', 'csat'),
    ('loyalty_events', 'count(*)', 'loyalty_events'),
    ('loyalty_points', 'sum(points)', 'loyalty_events'),
    ('social_posts', 'count(*)', 'social_posts'),
    ('social_engagement', 'sum(engagement)', 'social_posts'),
    ('ad_spend', 'sum(cost)', 'ad_spend'),
    ('ad_impressions', 'sum(impressions)', 'ad_spend'),
    ('channel_costs', 'sum(cost)', 'channel_costs'),
    ('experiment_exposures', 'count(*)', 'exposures'),
    ('calls', 'count(*)', 'calls'),
    ('bot_conversations', 'count(*)', 'bot_conversations'),
    ('service_contacts', 'count(*)', 'service_contacts'),
    ('cart_relaunches', 'count(*)', 'cart_relaunches'),
    ('pickups', 'count(*)', 'pickups'),
    ('linked_records', 'count(*)', 'linked_records'),
] %}

with

shop_orders as (
    select
        *,
        {{ fx_rate('currency') }} as fx_rate
    from {{ ref('stg_shop__orders') }}
),

shop_lines as (
    select * from {{ ref('stg_shop__order_lines') }}
),

shop_transactions as (
    select * from {{ ref('stg_shop__transactions') }}
),

shop_checkouts as (
    select * from {{ ref('stg_shop__checkouts') }}
),

ticket_lines as (
    select * from {{ ref('stg_pos__ticket_lines') }}
),

web_events as (
    select * from {{ ref('stg_web__events') }}
),

message_events as (
    select * from {{ ref('stg_messaging__events') }}
),

support_tickets as (
    select * from {{ ref('stg_support__tickets') }}
),

survey_invitations as (
    select * from {{ ref('stg_survey__responses') }}
),

card_events as (
    select * from {{ ref('stg_loyalty__events') }}
),

source_posts as (
    select * from {{ ref('stg_social__posts') }}
),

source_costs as (
    select {{ in_reporting_currency('amount', fx_rate('currency')) }} as amount
    from {{ ref('stg_costs__other_costs') }}
),

source_calls as (
    select * from {{ ref('stg_calls__calls') }}
),

source_conversations as (
    select * from {{ ref('stg_bot__conversations') }}
),

source_relaunches as (
    select * from {{ ref('stg_relaunches__relaunches') }}
),

source_pickups as (
    select * from {{ ref('stg_stores__pickups') }}
),

source_exposures as (
    select distinct
        experiment_id,
        unit_type,
        unit_id,
        variant
    from {{ ref('stg_experiments__exposures') }}
),

crm_contacts as (
    select * from {{ ref('stg_crm__contacts') }}
),

-- One line per source that names a web account as such.
web_accounts as (
    select customer_account from {{ ref('stg_shop__customers') }}
    union
    select user_id as customer_account from web_events
    where user_id is not null
    union
    select unit_id as customer_account from source_exposures
    where
        unit_type = 'web_account'
        and unit_id is not null
    union
    select web_account as customer_account from source_conversations
    where web_account is not null
),

{% for platform, name in platforms.items() -%}
    {{ platform }}_days as (
        select
            {{ in_reporting_currency('cost', fx_rate('currency')) }} as amount,
            impressions
        from {{ ref('stg_ads__' ~ name ~ '_insights') }}
    ),

{% endfor -%}

orders as (
    select
        *,
        case when source_system = 'loyalty' then 'pos' else source_system end as origin
    from {{ ref('fct_orders') }}
),

order_lines as (
    select
        *,
        case when source_system = 'loyalty' then 'pos' else source_system end as origin
    from {{ ref('fct_order_lines') }}
),

-- A store may take back what the shop sold: the refund is the till's.
refunds as (
    select
        *,
        case when sales_channel = 'store' then 'pos' else source_system end as origin
    from {{ ref('fct_refunds') }}
),

checkout_carts as (
    select source_system as origin
    from {{ ref('fct_carts') }}
    where source_system = 'shop'
),

sessions as (
    select
        *,
        source_system as origin
    from {{ ref('fct_sessions') }}
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

messages as (
    select source_system as origin from {{ ref('fct_messages') }}
),

tickets as (
    select source_system as origin from {{ ref('fct_tickets') }}
),

survey_responses as (
    select
        source_system as origin,
        is_answered
    from {{ ref('fct_survey_responses') }}
),

loyalty_events as (
    select
        source_system as origin,
        points
    from {{ ref('fct_loyalty_events') }}
),

social_posts as (
    select
        'social' as origin,
        engagement
    from {{ ref('fct_social_posts') }}
),

channel_costs as (
    select
        'other_costs' as origin,
        cost
    from {{ ref('fct_channel_costs') }}
),

ad_spend as (
    select
        platform as origin,
        cost,
        impressions
    from {{ ref('fct_ad_spend') }}
),

calls as (
    select 'calls' as origin from {{ ref('fct_calls') }}
),

bot_conversations as (
    select 'bot' as origin from {{ ref('fct_bot_conversations') }}
),

service_contacts as (
    select 'all' as origin from {{ ref('fct_service_contacts') }}
),

cart_relaunches as (
    select 'relaunches' as origin from {{ ref('fct_cart_relaunches') }}
),

pickups as (
    select 'stores' as origin from {{ ref('fct_pickups') }}
),

exposures as (
    select 'experiments' as origin from {{ ref('fct_experiment_exposures') }}
),

linked_records as (
    select source_system as origin
    from {{ ref('bridge_customer_sources') }}
    where source_system in ('crm', 'web')
),

channel_revenue as (
    select
        'all' as origin,
        orders,
        cancelled_orders
    from {{ ref('kpi_channel_revenue') }}
    where period = 'year'
),

nps as (
    select
        'survey' as origin,
        invited
    from {{ ref('kpi_nps') }}
    where period = 'year'
),

csat as (
    select
        'survey' as origin,
        invited
    from {{ ref('kpi_csat') }}
    where period = 'year'
),

sold_lines as (
    select *
    from ticket_lines
    where ticket_type <> 'RETOUR'
),

-- One line per source: a reference of every order it delivered.
order_sources as (
    select 'shop' || order_name as order_reference from shop_orders
    union all
    select 'pos' || ticket_key as order_reference from sold_lines
),

-- An order's discount and shipping stand on the order, not on its lines.
shop_amounts as (
    select
        {{ in_reporting_currency('shop_lines.quantity * shop_lines.unit_price_ttc', 'shop_orders.fx_rate') }}
        - {{ in_reporting_currency('shop_lines.line_discount_ttc', 'shop_orders.fx_rate') }} as goods,
        0 as shipping
    from shop_lines
    inner join shop_orders
        on shop_lines.order_name = shop_orders.order_name

    union all

    select
        -{{ in_reporting_currency('discount_ttc', 'fx_rate') }} as goods,
        {{ in_reporting_currency('shipping_ttc', 'fx_rate') }} as shipping
    from shop_orders
),

-- What a cancelled order gave back is no refund.
shop_refunds as (
    select {{ in_reporting_currency('shop_transactions.amount_ttc', fx_rate('shop_transactions.currency')) }} as amount
    from shop_transactions
    left join shop_orders
        on shop_transactions.order_name = shop_orders.order_name
    where
        shop_transactions.kind = 'refund'
        and shop_transactions.status = 'success'
        and not coalesce(shop_orders.is_cancelled, false)
),

store_returns as (
    select -sum(net_ttc) as amount
    from ticket_lines
    where ticket_type = 'RETOUR'
    group by ticket_key, original_ticket
),

clicked_messages as (
    select distinct message_id
    from message_events
    where
        event_type = 'click'
        and event_id not in ({{ machine_events('message_events') }})
),

touching_tickets as (
    select ticket_id
    from support_tickets
    where channel in ('phone', 'chat', 'store')
),

survey_answers as (
    select invitation_id
    from survey_invitations
    where
        responded_at is not null
        and score is not null
),

-- One line per source: a reference of every visit, click or contact it delivered.
touch_sources as (
    select distinct session_key as touch_reference from web_events
    union all
    select message_id as touch_reference from clicked_messages
    union all
    select cast(ticket_id as {{ text_type() }}) as touch_reference from touching_tickets
),

-- One line per source: a reference of every contact with customer service it delivered. A call answered is its
-- ticket's, or an order.
contact_sources as (
    select ticket_id as contact_reference from support_tickets
    union all
    select null as contact_reference
    from source_calls
    where outcome = 'abandoned'
    union all
    select null as contact_reference from source_conversations
),

-- A session that is no touch of its own is its order's visit, or the far end of a message's click.
session_touches_and_own_visits as (
    select source_system as origin
    from touchpoints
    where
        source_system = 'web'
        and touch_channel not in ('email', 'sms')

    union all

    select origin
    from sessions
    where
        is_landing_purchase
        or touch_channel in ('email', 'sms')
),

click_touches as (
    select source_system as origin
    from touchpoints
    where source_system = 'messaging'
),

contact_touches as (
    select source_system as origin
    from touchpoints
    where source_system = 'support'
),

touches_and_own_visits as (
    select 'all' as origin from session_touches_and_own_visits
    union all
    select 'all' as origin
    from touchpoints
    where source_system <> 'web'
),

source_totals as (
    {% for measure, source_system, total, source in source_measures -%}
        select
            '{{ measure }}' as measure,
            '{{ source_system }}' as source_system,
            cast({{ total }} as {{ money_type() }}) as total
        from {{ source }}
        {%- if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

mart_totals as (
    {% for measure, total, mart in mart_measures -%}
        select
            '{{ measure }}' as measure,
            origin as source_system,
            cast({{ total }} as {{ money_type() }}) as total
        from {{ mart }}
        group by origin
        {%- if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
),

-- Neither side may be absent: what only one of them counts is a difference too.
final as (
    select
        coalesce(source_totals.measure, mart_totals.measure) as measure,
        coalesce(source_totals.source_system, mart_totals.source_system) as source_system,
        coalesce(source_totals.total, 0) as source_total,
        coalesce(mart_totals.total, 0) as mart_total,
        cast(coalesce(mart_totals.total, 0) - coalesce(source_totals.total, 0) as {{ money_type() }}) as difference
    from source_totals
    full outer join mart_totals
        on
            source_totals.measure = mart_totals.measure
            and source_totals.source_system = mart_totals.source_system
)

select * from final
