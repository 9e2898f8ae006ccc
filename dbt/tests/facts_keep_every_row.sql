-- The join to customers neither drops nor doubles a row.
{%- set pairs = [
    ('fct_orders', 'int_orders'),
    ('fct_order_lines', 'int_order_lines'),
    ('fct_refunds', 'int_refunds'),
    ('fct_touchpoints', 'int_touchpoints'),
    ('fct_sessions', 'int_sessions'),
    ('fct_carts', 'int_carts'),
    ('fct_messages', 'int_messages'),
    ('fct_social_posts', 'int_social_posts'),
    ('fct_tickets', 'int_tickets'),
    ('fct_survey_responses', 'int_survey_responses'),
    ('fct_ad_spend', 'int_ad_spend'),
    ('fct_channel_costs', 'int_channel_costs'),
    ('fct_loyalty_events', 'int_loyalty_events'),
    ('fct_experiment_exposures', 'int_experiment_exposures'),
] %}

with

counts as (
    {% for fact, source_model in pairs -%}
    select
        '{{ fact }}' as fact,
        (select count(*) from {{ ref(fact) }}) as fact_rows,
        (select count(*) from {{ ref(source_model) }}) as source_rows
    {%- if not loop.last %}
    union all
    {% endif %}
    {%- endfor %}
)

select *
from counts
where fact_rows <> source_rows
