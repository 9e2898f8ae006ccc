{#- Value of one unit of a currency in the reporting currency, from the settings. No currency given means the
    reporting currency; a currency the settings do not list gives NULL, which fails the models' tests. -#}
{% macro fx_rate(currency) -%}
    cast(
        case upper(coalesce({{ clean_text(currency) }}, '{{ var("business")["currency"] }}'))
            {%- for code, rate in var('business')['fx_rates'].items() %}
            when '{{ code }}' then {{ rate }}
            {%- endfor %}
        end as decimal(18, 6)
    )
{%- endmacro %}

{#- An amount in the reporting currency, as money. -#}
{% macro in_reporting_currency(amount, fx_rate) -%}
    cast(round({{ amount }} * {{ fx_rate }}, 4) as {{ money_type() }})
{%- endmacro %}
