{#- Whether the row of an order says that it was cancelled before it was fulfilled, or never paid. -#}
{% macro shop_order_is_cancelled() -%}
    coalesce(
        financial_status = 'voided'
        or (cancelled_at is not null and (fulfilled_at is null or cancelled_at < fulfilled_at)),
        false
    )
{%- endmacro %}
