{#- Array of the distinct parts of a text between a literal separator: trimmed, sorted, none empty. -#}
{% macro split_text(text, separator) -%}
    {{ return(adapter.dispatch('split_text', 'omnivue')(text, separator)) }}
{%- endmacro %}

{% macro default__split_text(text, separator) -%}
    {{ exceptions.raise_compiler_error("macro 'split_text' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__split_text(text, separator) -%}
    coalesce(
        list_sort(list_distinct(
            [nullif(trim(part), '') for part in string_split({{ text }}, '{{ separator }}')]
        )),
        []
    )
{%- endmacro %}

{% macro spark__split_text(text, separator) -%}
    array_sort(array_distinct(filter(
        transform(split(coalesce({{ text }}, ''), '\\Q{{ separator }}\\E'), part -> trim(part)), part -> part <> ''
    )))
{%- endmacro %}
