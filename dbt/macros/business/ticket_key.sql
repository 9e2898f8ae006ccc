{#- Opaque id of a support ticket from its number; NULL for no number. -#}
{% macro ticket_key(number) -%}
    case when {{ number }} is not null then {{ surrogate_key(["'ticket'", number]) }} end
{%- endmacro %}
