{#- Opaque id of an order from the reference its channel prints: a shop order's name or a store ticket's key.
    NULL for no reference. -#}
{% macro order_key(reference) -%}
    case when {{ reference }} is not null then {{ surrogate_key(["'order'", reference]) }} end
{%- endmacro %}
