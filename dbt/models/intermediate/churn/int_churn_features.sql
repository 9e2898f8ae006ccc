{%- set horizon_days = var('churn')['horizon_days'] -%}
{%- set active_days = var('windows')['active_days'] -%}
{%- set recent_days = var('churn')['recent_days'] -%}

with

cuts as (
    select * from {{ ref('int_churn_cuts') }}
),

customer_links as (
    select * from {{ source('identity', 'customer_links') }}
),

histories as (
    select * from {{ ref('int_purchase_histories') }}
),

survey_answers as (
    select
        *,
        'survey' as source_system,
        case when survey = 'nps' then score end as nps,
        case when survey = 'csat' then score end as csat,
        case when survey = 'ces' then score end as ces
    from {{ ref('stg_survey__answers') }}
),

orders as (
    select
        cuts.cut,
        cuts.cut_date,
        customer_links.customer_id,
        orders.ordered_date,
        orders.sales_channel,
        orders.fulfilment,
        orders.gross_revenue,
        orders.discount,
        coalesce(orders.cancelled_seen_date <= cuts.known_by, false) as is_cancelled,
        {{ days_between('orders.ordered_date', 'cuts.cut_date') }} as days_ago
    from {{ ref('int_orders') }} as orders
    {{ joined_to_its_customer('orders') }}
    inner join cuts
        on
            orders.ordered_date <= cuts.cut_date
            and orders.first_seen_date <= cuts.known_by
            and customer_links.linked_at <= cuts.known_by
),

purchases as (
    select
        cut,
        customer_id,
        max(cut_date) as cut_date,
        min(days_ago) as days_since_order,
        max(days_ago) as days_since_first_order,
        count(distinct ordered_date) as purchases,
        count(distinct case when days_ago < {{ active_days }} then ordered_date end) as purchases_year,
        count(distinct case when days_ago < {{ recent_days }} then ordered_date end) as purchases_recent,
        count(
            distinct case when days_ago >= {{ active_days }} and days_ago < {{ 2 * active_days }} then ordered_date end
        ) as purchases_year_before,
        count(case when days_ago < {{ active_days }} then 1 end) as orders_year,
        sum(case when days_ago < {{ active_days }} then gross_revenue - discount end) as revenue_year,
        sum(case when days_ago < {{ active_days }} then gross_revenue end) as gross_year,
        sum(case when days_ago < {{ active_days }} then discount end) as discount_year,
        count(distinct case when days_ago < {{ active_days }} then sales_channel end) as sales_channels,
        count(case when days_ago < {{ active_days }} and fulfilment = 'in_store' then 1 end) as store_orders
    from orders
    where not is_cancelled
    group by cut, customer_id
),

cancellations as (
    select
        cut,
        customer_id,
        count(*) as cancelled_orders
    from orders
    where
        is_cancelled
        and days_ago < {{ active_days }}
    group by cut, customer_id
),

refunds as (
    select
        cuts.cut,
        customer_links.customer_id,
        sum(refunds.refund) as refund_year
    from {{ ref('int_refunds') }} as refunds
    {{ joined_to_its_customer('refunds') }}
    inner join cuts
        on {{ known_before_cut('refunds.refunded_date', 'refunds.first_seen_date') }}
    group by cuts.cut, customer_links.customer_id
),

ticket_states as (
    select
        cuts.cut,
        customer_links.customer_id,
        case
            when
                tickets.solved_seen_date <= cuts.known_by
                and {{ local_date('tickets.first_solved_at') }} <= cuts.cut_date
                then {{ seconds_between('tickets.created_at', 'tickets.first_solved_at') }}
        end as seconds_to_solution
    from {{ ref('int_tickets') }} as tickets
    {{ joined_to_its_customer('tickets') }}
    inner join cuts
        on {{ known_before_cut('tickets.created_date', 'tickets.first_seen_date') }}
),

service as (
    select
        cut,
        customer_id,
        count(*) as tickets,
        count(*) - count(seconds_to_solution) as open_tickets,
        cast(sum(seconds_to_solution) as double) / count(seconds_to_solution) / 3600 as hours_to_solution
    from ticket_states
    group by cut, customer_id
),

answers as (
    select
        cuts.cut,
        customer_links.customer_id,
        {{ latest_value('survey_answers.nps', 'survey_answers.responded_at') }} as last_nps,
        {{ latest_value('survey_answers.csat', 'survey_answers.responded_at') }} as last_csat,
        {{ latest_value('survey_answers.ces', 'survey_answers.responded_at') }} as last_ces
    from survey_answers
    {{ joined_to_its_customer('survey_answers') }}
    inner join cuts
        on {{ known_before_cut(local_date('survey_answers.responded_at'), 'survey_answers.first_seen_date') }}
    group by cuts.cut, customer_links.customer_id
),

visits as (
    select
        cuts.cut,
        customer_links.customer_id,
        count(*) as visits_year,
        count(case when sessions.started_date > {{ add_days('cuts.cut_date', -recent_days) }} then 1 end)
            as visits_recent,
        min({{ days_between('sessions.started_date', 'cuts.cut_date') }}) as days_since_visit
    from {{ ref('int_sessions') }} as sessions
    {{ joined_to_its_customer('sessions') }}
    inner join cuts
        on {{ known_before_cut('sessions.started_date', 'sessions.first_seen_date') }}
    group by cuts.cut, customer_links.customer_id
),

messages as (
    select
        cuts.cut,
        customer_links.customer_id,
        count(case when messages.sent_date > {{ add_days('cuts.cut_date', -recent_days) }} then 1 end)
            as messages_recent,
        count(
            case
                when
                    messages.human_click_seen_date <= cuts.known_by
                    and messages.sent_date > {{ add_days('cuts.cut_date', -recent_days) }}
                    and {{ local_date('messages.clicked_at') }} <= cuts.cut_date
                    then 1
            end
        ) as clicks_recent,
        count(
            case
                when
                    messages.unsubscribe_seen_date <= cuts.known_by
                    and {{ local_date('messages.unsubscribed_at') }} <= cuts.cut_date
                    then 1
            end
        ) as unsubscriptions
    from {{ ref('int_messages') }} as messages
    {{ joined_to_its_customer('messages') }}
    inner join cuts
        on {{ known_before_cut('messages.sent_date', 'messages.first_seen_date') }}
    where messages.message_type = 'marketing'
    group by cuts.cut, customer_links.customer_id
),

-- Whether somebody came back is judged with all that is known by now, of whoever the customer turned out to be.
comebacks as (
    select
        cuts.cut,
        customer_links.customer_id,
        count(*) as orders
    from {{ ref('int_orders') }} as orders
    {{ joined_to_its_customer('orders') }}
    inner join cuts
        on
            orders.ordered_date > cuts.cut_date
            and orders.ordered_date <= {{ add_days('cuts.cut_date', horizon_days) }}
    where not orders.is_cancelled
    group by cuts.cut, customer_links.customer_id
),

final as (
    select
        purchases.cut,
        purchases.customer_id,
        purchases.cut_date,
        purchases.days_since_order,
        cast(purchases.days_since_first_order - purchases.days_since_order as double)
        / nullif(purchases.purchases - 1, 0) as usual_gap_days,
        cast(purchases.days_since_order as double) * (purchases.purchases - 1)
        / nullif(purchases.days_since_first_order - purchases.days_since_order, 0) as gaps_since_order,
        purchases.days_since_first_order,
        purchases.purchases,
        purchases.purchases_year,
        purchases.purchases_recent,
        purchases.purchases_year_before,
        cast(purchases.revenue_year as double) as revenue_year,
        cast(purchases.revenue_year as double) / purchases.orders_year as order_value,
        case
            when purchases.gross_year > 0
                then cast(purchases.discount_year as double) / cast(purchases.gross_year as double)
        end as discount_share,
        purchases.sales_channels,
        cast(purchases.store_orders as double) / purchases.orders_year as store_share,
        coalesce(cancellations.cancelled_orders, 0) as cancelled_orders,
        case
            when purchases.revenue_year > 0
                then cast(coalesce(refunds.refund_year, 0) as double) / cast(purchases.revenue_year as double)
        end as refund_share,
        coalesce(service.tickets, 0) as tickets,
        coalesce(service.open_tickets, 0) as open_tickets,
        service.hours_to_solution,
        cast(answers.last_nps as bigint) as last_nps,
        cast(answers.last_csat as bigint) as last_csat,
        cast(answers.last_ces as bigint) as last_ces,
        coalesce(visits.visits_year, 0) as visits_year,
        coalesce(visits.visits_recent, 0) as visits_recent,
        visits.days_since_visit,
        coalesce(messages.messages_recent, 0) as messages_recent,
        coalesce(messages.clicks_recent, 0) as clicks_recent,
        coalesce(messages.unsubscriptions, 0) as unsubscriptions,
        histories.frequency,
        histories.recency_days,
        histories.age_days,
        case when purchases.cut <> 'now' then comebacks.orders is null end as has_churned
    from purchases
    left join cancellations
        on
            purchases.cut = cancellations.cut
            and purchases.customer_id = cancellations.customer_id
    left join refunds
        on
            purchases.cut = refunds.cut
            and purchases.customer_id = refunds.customer_id
    left join service
        on
            purchases.cut = service.cut
            and purchases.customer_id = service.customer_id
    left join answers
        on
            purchases.cut = answers.cut
            and purchases.customer_id = answers.customer_id
    left join visits
        on
            purchases.cut = visits.cut
            and purchases.customer_id = visits.customer_id
    left join messages
        on
            purchases.cut = messages.cut
            and purchases.customer_id = messages.customer_id
    left join comebacks
        on
            purchases.cut = comebacks.cut
            and purchases.customer_id = comebacks.customer_id
    left join histories
        on
            purchases.cut = histories.cut
            and purchases.customer_id = histories.customer_id
    where purchases.purchases_year > 0
)

select * from final
