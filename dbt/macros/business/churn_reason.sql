{#- What a group of features that speaks for churn means, in words, from the columns of int_churn_features in `features`:
    the value that a person would look up. NULL where there is no reason. -#}
{% macro churn_reason(reason, features) -%}
    {%- set days_silent = features ~ '.days_since_order' -%}
    case {{ reason }}
        when 'silence'
            then
                {{ _counted(days_silent, 'day', 'since the last order') }}
                || case
                    when {{ features }}.gaps_since_order >= 1
                        then ', usually ' || {{ _rounded(features ~ '.usual_gap_days') }} || ' between two'
                    else ''
                end
        when 'few_purchases'
            then
                case
                    when {{ features }}.purchases = 1 then 'bought once'
                    when {{ features }}.purchases_year < {{ features }}.purchases_year_before
                        then
                            {{ _counted(features ~ '.purchases_year', 'purchase', 'in a year') }}
                            || ', ' || {{ _rounded(features ~ '.purchases_year_before') }} || ' in the year before'
                    else {{ _counted(features ~ '.purchases_year', 'purchase', 'in a year') }}
                end
        when 'spending' then 'spends ' || {{ _rounded(features ~ '.order_value') }} || ' {{ var("business")["currency"] }} an order'
        when 'channels'
            then
                case
                    when {{ features }}.sales_channels > 1
                        then 'buys in ' || {{ _rounded(features ~ '.sales_channels') }} || ' channels'
                    when {{ features }}.store_share > 0 then 'buys in stores alone'
                    else 'buys in one channel, never in stores'
                end
        when 'returns'
            then
                case
                    when {{ features }}.cancelled_orders > 0
                        then {{ _counted(features ~ '.cancelled_orders', 'cancelled order', 'in a year') }}
                    else 'gave back ' || {{ _rounded('100 * ' ~ features ~ '.refund_share') }} || ' % of a year''s purchases'
                end
        when 'service'
            then
                case
                    when {{ features }}.open_tickets > 0 then 'a request to customer service is open'
                    when {{ features }}.tickets > 0
                        then
                            {{ _counted(features ~ '.tickets', 'request', 'to customer service in a year') }}
                            || ', solved in ' || {{ _rounded(features ~ '.hours_to_solution') }} || ' hours'
                    else 'no request to customer service in a year'
                end
        when 'satisfaction'
            then
                case
                    when {{ features }}.last_nps is not null
                        then 'would recommend: ' || {{ _rounded(features ~ '.last_nps') }} || ' of 10'
                    when {{ features }}.last_csat is not null
                        then 'satisfied: ' || {{ _rounded(features ~ '.last_csat') }} || ' of 5'
                    when {{ features }}.last_ces is not null
                        then 'found it easy: ' || {{ _rounded(features ~ '.last_ces') }} || ' of 7'
                    else 'gave no opinion in a year'
                end
        when 'visits'
            then
                case
                    when {{ features }}.days_since_visit is null then 'no visit with login in a year'
                    else {{ _counted(features ~ '.days_since_visit', 'day', 'since the last visit') }}
                end
        when 'messages'
            then
                case
                    when {{ features }}.unsubscriptions > 0 then 'unsubscribed from messages'
                    when {{ features }}.messages_recent = 0 then 'got no message lately'
                    when {{ features }}.clicks_recent = 0
                        then 'clicked none of ' || {{ _counted(features ~ '.messages_recent', 'message', 'lately') }}
                    else
                        'clicked ' || {{ _rounded(features ~ '.clicks_recent') }} || ' of '
                        || {{ _counted(features ~ '.messages_recent', 'message', 'lately') }}
                end
    end
{%- endmacro %}

{% macro _rounded(number) -%}
    cast(cast(round({{ number }}) as bigint) as {{ text_type() }})
{%- endmacro %}

{#- `1 day since ...`, `2 days since ...` -#}
{% macro _counted(number, noun, rest) -%}
    {{ _rounded(number) }} || case when {{ number }} = 1 then ' {{ noun }} {{ rest }}' else ' {{ noun }}s {{ rest }}' end
{%- endmacro %}
