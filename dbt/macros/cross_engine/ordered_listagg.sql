{#- Aggregate: the texts of a group in a given order, joined by a separator. -#}
{% macro ordered_listagg(expression, order_by, separator) -%}
    {{ return(adapter.dispatch('ordered_listagg', 'omnivue')(expression, order_by, separator)) }}
{%- endmacro %}

{% macro default__ordered_listagg(expression, order_by, separator) -%}
    {{ exceptions.raise_compiler_error("macro 'ordered_listagg' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__ordered_listagg(expression, order_by, separator) -%}
    {#- Three times as fast as string_agg(... order by ...), which sorts every group apart. -#}
    array_to_string(
        list_transform(
            list_sort(list({'key': {{ order_by }}, 'text': {{ expression }}}) filter (where {{ expression }} is not null)),
            lambda item: item.text
        ),
        '{{ separator }}'
    )
{%- endmacro %}

{% macro spark__ordered_listagg(expression, order_by, separator) -%}
    listagg({{ expression }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}
