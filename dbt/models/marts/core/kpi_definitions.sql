{#- One entry per measure of a KPI table; texts must hold no quote. -#}
{%- set windows = var('windows') -%}
{%- set active_days = windows['active_days'] -%}
{%- set definitions = [
    {
        'kpi': 'kpi_nps', 'measure': 'nps', 'unit': 'points, -100..100', 'direction': 'higher is better',
        'formula': '100 x (promoters - detractors) / responses',
        'numerator': 'promoters (score 9-10) minus detractors (score 0-6)',
        'denominator': 'responses: the last answer of each invitation to an NPS survey',
        'time_window': 'none', 'counts_by': 'date of invitation', 'owner': 'customer experience',
    },
    {
        'kpi': 'kpi_nps', 'measure': 'response_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'responses / invited', 'numerator': 'responses', 'denominator': 'invitations to an NPS survey',
        'time_window': 'none', 'counts_by': 'date of invitation', 'owner': 'customer experience',
    },
    {
        'kpi': 'kpi_csat', 'measure': 'csat', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'satisfied / responses', 'numerator': 'responses with score 4 or 5 of 1..5',
        'denominator': 'responses: the last answer of each invitation to a CSAT survey',
        'time_window': 'none', 'counts_by': 'date of invitation', 'owner': 'customer service',
    },
    {
        'kpi': 'kpi_csat', 'measure': 'response_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'responses / invited', 'numerator': 'responses', 'denominator': 'invitations to a CSAT survey',
        'time_window': 'none', 'counts_by': 'date of invitation', 'owner': 'customer service',
    },
    {
        'kpi': 'kpi_ces', 'measure': 'ease_mean', 'unit': 'points, 1 very difficult .. 7 very easy', 'direction': 'higher is better',
        'formula': 'ease_sum / responses',
        'numerator': 'sum of the scores',
        'denominator': 'responses: the last answer of each invitation to a CES survey',
        'time_window': 'none', 'counts_by': 'date of invitation', 'owner': 'customer service',
    },
    {
        'kpi': 'kpi_ces', 'measure': 'effort_mean', 'unit': 'points, 1 no effort .. 7 much effort', 'direction': 'higher is worse',
        'formula': '8 - ease_mean',
        'numerator': '8 x responses - ease_sum',
        'denominator': 'responses: the last answer of each invitation to a CES survey',
        'time_window': 'none', 'counts_by': 'date of invitation', 'owner': 'customer service',
    },
    {
        'kpi': 'kpi_ces', 'measure': 'repeated_information_share', 'unit': 'share, 0..1', 'direction': 'higher is worse',
        'formula': 'repeated_information / repetition_answers',
        'numerator': 'responses where information had to be repeated',
        'denominator': 'responses that say whether it had to be',
        'time_window': 'none', 'counts_by': 'date of invitation', 'owner': 'customer service',
    },
    {
        'kpi': 'kpi_ces', 'measure': 'response_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'responses / invited',
        'numerator': 'responses',
        'denominator': 'invitations to a CES survey',
        'time_window': 'none', 'counts_by': 'date of invitation', 'owner': 'customer service',
    },
    {
        'kpi': 'kpi_message_engagement', 'measure': 'open_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'openers / open_trackable',
        'numerator': 'recipients (combined: people) who opened or clicked, machines included',
        'denominator': 'those reached by e-mail who had agreed to open tracking at the send',
        'time_window': 'none', 'counts_by': 'date of send', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_message_engagement', 'measure': 'human_open_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'human_openers / open_trackable',
        'numerator': 'recipients (combined: people) of whom an open or click by a person is known',
        'denominator': 'those reached by e-mail who had agreed to open tracking at the send',
        'time_window': 'none', 'counts_by': 'date of send', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_message_engagement', 'measure': 'click_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'clickers / delivered',
        'numerator': 'recipients (combined: people) with a click, machines included',
        'denominator': 'recipients (combined: people) reached',
        'time_window': 'none', 'counts_by': 'date of send', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_message_engagement', 'measure': 'human_click_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'human_clickers / delivered',
        'numerator': 'recipients (combined: people) with a click by a person',
        'denominator': 'recipients (combined: people) reached',
        'time_window': 'none', 'counts_by': 'date of send', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_message_engagement', 'measure': 'unsubscribe_rate', 'unit': 'share, 0..1', 'direction': 'higher is worse',
        'formula': 'unsubscribers / delivered',
        'numerator': 'recipients (combined: people) who unsubscribed through a message',
        'denominator': 'recipients (combined: people) reached',
        'time_window': 'none', 'counts_by': 'date of send', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_message_engagement', 'measure': 'delivery_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'delivered / sent',
        'numerator': 'recipients (combined: people) reached',
        'denominator': 'recipients (combined: people) sent a marketing message',
        'time_window': 'none', 'counts_by': 'date of send', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_social_engagement', 'measure': 'engagement_rate_by_impressions', 'unit': 'ratio, 0 or more', 'direction': 'higher is better',
        'formula': 'engagement / impressions',
        'numerator': 'likes + comments + shares',
        'denominator': 'impressions of the same posts',
        'time_window': 'none', 'counts_by': 'date of publication', 'owner': 'social media',
    },
    {
        'kpi': 'kpi_social_engagement', 'measure': 'engagement_rate_by_followers', 'unit': 'ratio, 0 or more', 'direction': 'higher is better',
        'formula': 'engagement / followers',
        'numerator': 'likes + comments + shares',
        'denominator': 'followers of the platform, mean of the period',
        'time_window': 'none', 'counts_by': 'date of publication', 'owner': 'social media',
    },
    {
        'kpi': 'kpi_verbatims', 'measure': 'sentiment_mean', 'unit': '-1..1', 'direction': 'higher is better',
        'formula': 'sentiment_sum / judged',
        'numerator': 'sum of the sentiments of the texts',
        'denominator': 'texts in a language with a lexicon',
        'time_window': 'none', 'counts_by': 'date written', 'owner': 'customer experience',
    },
    {
        'kpi': 'kpi_retention', 'measure': 'retention_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'retained / at_start',
        'numerator': 'customers at start who also ordered in the ' ~ active_days ~ ' days before the period end',
        'denominator': 'known customers with an order not cancelled in the ' ~ active_days
            ~ ' days before period_start',
        'time_window': active_days ~ ' days', 'counts_by': 'date of order', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_retention', 'measure': 'churn_rate', 'unit': 'share, 0..1', 'direction': 'higher is worse',
        'formula': 'churned / at_start = 1 - retention_rate',
        'numerator': 'customers at start without an order in the ' ~ active_days ~ ' days before the period end',
        'denominator': 'known customers with an order not cancelled in the ' ~ active_days
            ~ ' days before period_start',
        'time_window': active_days ~ ' days', 'counts_by': 'date of order', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_channel_revenue', 'measure': 'net_revenue', 'unit': var('business')['currency'],
        'direction': 'higher is better', 'formula': 'gross_revenue - discount - refund',
        'numerator': 'net revenue without VAT and shipping, cancelled orders excluded', 'denominator': 'none',
        'time_window': 'none', 'counts_by': 'date of order; refunds by date of refund', 'owner': 'finance',
    },
    {
        'kpi': 'kpi_channel_revenue', 'measure': 'margin', 'unit': var('business')['currency'],
        'direction': 'higher is better', 'formula': 'net_revenue - cost_of_goods - commission',
        'numerator': 'margin; NULL while the cost of any counted order is unknown', 'denominator': 'none',
        'time_window': 'none', 'counts_by': 'date of order; refunds by date of refund', 'owner': 'finance',
    },
    {
        'kpi': 'kpi_channel_revenue', 'measure': 'average_order_value', 'unit': var('business')['currency'],
        'direction': 'higher is better', 'formula': '(gross_revenue - discount) / orders',
        'numerator': 'gross_revenue - discount, before refunds', 'denominator': 'orders not cancelled',
        'time_window': 'none', 'counts_by': 'date of order', 'owner': 'finance',
    },
    {
        'kpi': 'kpi_retention_cohorts', 'measure': 'retention_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'retained / customers',
        'numerator': 'customers of the cohort with an order in the period observed',
        'denominator': 'customers whose first order known lies in the cohort',
        'time_window': 'none',
        'counts_by': 'date of order', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_conversion', 'measure': 'conversion_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'converters / visitors',
        'numerator': 'visitors who convert in the period at or after their first touch of it',
        'denominator': 'customers identified before period_start with a touch in the period that no order created',
        'time_window': 'the period',
        'counts_by': 'date of touch and of conversion', 'owner': 'e-commerce',
    },
    {
        'kpi': 'kpi_conversion', 'measure': 'eligible_conversion_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'eligible_converters / eligible_visitors',
        'numerator': 'eligible visitors who convert',
        'denominator': 'visitors who had not signed up so before period_start',
        'time_window': 'the period',
        'counts_by': 'date of touch and of conversion', 'owner': 'e-commerce',
    },
    {
        'kpi': 'kpi_conversion_by_channels', 'measure': 'conversion_rate', 'unit': 'share, 0..1; descriptive', 'direction': 'higher is better',
        'formula': 'converters / visitors',
        'numerator': 'visitors with an order in the ' ~ windows['channel_order_days']
            ~ ' days after the channels were counted',
        'denominator': 'visitors by touch channels in the ' ~ windows['channel_count_days']
            ~ ' days from their first touch, without those who ordered in them',
        'time_window': windows['channel_count_days'] ~ ' and ' ~ windows['channel_order_days'] ~ ' days',
        'counts_by': 'date of the first touch', 'owner': 'e-commerce',
    },
    {
        'kpi': 'kpi_channel_synergy', 'measure': 'average_order_value', 'unit': var('business')['currency'], 'direction': 'higher is better',
        'formula': '(gross_revenue - discount) / orders',
        'numerator': 'gross_revenue - discount, before refunds',
        'denominator': 'orders not cancelled after the channel combination',
        'time_window': windows['channel_combination_days'] ~ ' days before the order',
        'counts_by': 'date of order', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_interchannel_rate', 'measure': 'interchannel_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'multichannel_buyers / buyers',
        'numerator': 'buyers in two or more sales channels',
        'denominator': 'known customers with an order not cancelled',
        'time_window': 'the period',
        'counts_by': 'date of order', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_interchannel_rate', 'measure': 'crossing_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'crossing_buyers / buyers',
        'numerator': 'buyers in a physical and in a remote sales channel',
        'denominator': 'known customers with an order not cancelled',
        'time_window': 'the period',
        'counts_by': 'date of order', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_channel_transitions', 'measure': 'transition_share', 'unit': 'share, 0..1', 'direction': 'neither is better',
        'formula': 'transitions / transitions_from',
        'numerator': 'transitions from the one channel to the other',
        'denominator': 'transitions from the one channel to any',
        'time_window': 'touches: one journey; orders: ' ~ active_days ~ ' days',
        'counts_by': 'date of the later touch or order', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_channel_conversion', 'measure': 'conversion_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'visit_orders / visits',
        'numerator': 'orders placed in a session, or in a store in an hour with a count',
        'denominator': 'sessions; people counted into the store',
        'time_window': 'none',
        'counts_by': 'date of visit', 'owner': 'e-commerce',
    },
    {
        'kpi': 'kpi_ad_performance', 'measure': 'ctr', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'clicks / impressions',
        'numerator': 'clicks the platform reports',
        'denominator': 'impressions the platform reports',
        'time_window': 'none',
        'counts_by': 'date of spend', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_ad_performance', 'measure': 'cpc', 'unit': var('business')['currency'], 'direction': 'higher is worse',
        'formula': 'spend / clicks',
        'numerator': 'cost of the advertising',
        'denominator': 'clicks the platform reports',
        'time_window': 'none',
        'counts_by': 'date of spend', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_customer_value', 'measure': 'net_revenue_per_customer', 'unit': var('business')['currency'], 'direction': 'higher is better',
        'formula': 'net_revenue / customers',
        'numerator': 'net revenue since the data begin',
        'denominator': 'customers known by the end of the period',
        'time_window': 'since the data begin',
        'counts_by': 'date of order; refunds by date of refund', 'owner': 'finance',
    },
    {
        'kpi': 'kpi_customer_value', 'measure': 'margin_per_customer', 'unit': var('business')['currency'], 'direction': 'higher is better',
        'formula': 'margin / customers',
        'numerator': 'margin since the data begin; NULL while the cost of any order is unknown',
        'denominator': 'customers known by the end of the period',
        'time_window': 'since the data begin',
        'counts_by': 'date of order; refunds by date of refund', 'owner': 'finance',
    },
    {
        'kpi': 'kpi_journey_paths', 'measure': 'conversion_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'conversions / journeys',
        'numerator': 'journeys that ended with an order',
        'denominator': 'journeys that have ended',
        'time_window': 'a journey ends with an order or after ' ~ windows['journey_gap_days'] ~ ' days',
        'counts_by': 'date the journey ended', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_journey_paths', 'measure': 'ease_mean', 'unit': '1..7, 7 very easy', 'direction': 'higher is better',
        'formula': 'ease_sum / ces_responses',
        'numerator': 'sum of the CES scores',
        'denominator': 'CES answers about the journeys',
        'time_window': windows['journey_gap_days'] ~ ' days after the journey',
        'counts_by': 'date the journey ended', 'owner': 'marketing',
    },
    {
        'kpi': 'kpi_journey_steps', 'measure': 'abandonment_rate', 'unit': 'share, 0..1', 'direction': 'higher is worse',
        'formula': 'abandoned / (abandoned + continued)',
        'numerator': 'last touches of journeys that ended without an order',
        'denominator': 'touches whose journey went on or ended',
        'time_window': windows['journey_gap_days'] ~ ' days',
        'counts_by': 'date of touch', 'owner': 'customer experience',
    },
    {
        'kpi': 'kpi_cross_sell', 'measure': 'cross_sell_rate', 'unit': 'share, 0..1', 'direction': 'higher is better',
        'formula': 'units_with_both / units_with_category',
        'numerator': 'orders, or customers, with both categories',
        'denominator': 'orders, or customers, with the category',
        'time_window': 'none; by customer the period',
        'counts_by': 'date of order', 'owner': 'merchandising',
    },
    {
        'kpi': 'kpi_cross_sell', 'measure': 'lift', 'unit': 'ratio, unbounded; 1 is independence', 'direction': 'higher is better',
        'formula': 'cross_sell_rate / (units_with_other / units)',
        'numerator': 'cross_sell_rate',
        'denominator': 'share of the units with the other category',
        'time_window': 'none; by customer the period',
        'counts_by': 'date of order', 'owner': 'merchandising',
    },
    {
        'kpi': 'kpi_scorecard', 'measure': 'pace', 'unit': 'ratio, unbounded; 1 is exactly on the line',
        'direction': 'higher is better', 'formula': '(actual - baseline) / (expectation - baseline)',
        'numerator': 'actual - baseline',
        'denominator': 'expectation - baseline, the expectation running linearly from the baseline at start to the target when due',
        'time_window': 'baseline: the 12 months before start; actual: start to as_of or due',
        'counts_by': 'that of the KPI measured', 'owner': 'owner of the objective',
    },
] -%}

with

final as (
    {% for definition in definitions -%}
        select
            '{{ definition["kpi"] }}' as kpi,
            '{{ definition["measure"] }}' as measure,
            '{{ definition["unit"] }}' as unit,
            '{{ definition["direction"] }}' as direction,
            '{{ definition["formula"] }}' as formula,
            '{{ definition["numerator"] }}' as numerator,
            '{{ definition["denominator"] }}' as denominator,
            '{{ definition["time_window"] }}' as time_window,
            '{{ definition["counts_by"] }}' as counts_by,
            '{{ definition["owner"] }}' as owner
        {%- if not loop.last %}

            union all

        {% endif %}
    {%- endfor %}
)

select * from final
