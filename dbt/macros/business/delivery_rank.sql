{#- 1 for the version of a record that counts: the latest business date, then arrival, then delivery and line. -#}
{% macro delivery_rank(keys) -%}
    row_number() over (
        partition by {{ keys | join(', ') }}
        order by ds desc, _arrival_date desc, delivery desc, _line desc
    )
{%- endmacro %}
