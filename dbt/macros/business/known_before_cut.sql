{#- Whether something happened in the last windows.active_days before a cut, and both the row and whose it is were known
    by then. Wants the relations cuts and customer_links. -#}
{% macro known_before_cut(happened_on, seen_on) -%}
    {{ happened_on }} <= cuts.cut_date
    and {{ happened_on }} > {{ add_days('cuts.cut_date', -var('windows')['active_days']) }}
    and {{ seen_on }} <= cuts.known_by
    and customer_links.linked_at <= cuts.known_by
{%- endmacro %}
