{#- One entry per measure of a KPI table; texts must hold no quote. -#}
{%- set active_days = var('windows')['active_days'] -%}
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
