{#- Whether a line's sku is goods rather than a fee or an adjustment the settings list under `non_product_skus`. -#}
{% macro is_product(sku) -%}
    {%- set fees = var('business')['non_product_skus'] -%}
    {%- if fees -%}
    coalesce(upper({{ sku }}) not in (
        {%- for fee in fees %}'{{ fee | upper | replace("'", "''") }}'{{ ', ' if not loop.last }}{% endfor -%}
    ), true)
    {%- else -%}
    true
    {%- endif -%}
{%- endmacro %}
