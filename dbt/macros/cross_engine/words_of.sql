{#- Array of the parts of a text between characters that are neither Latin letters without accent, digits nor full
    stops, in their order, repeats kept, none empty. -#}
{% macro words_of(text) -%}
    {{ return(adapter.dispatch('words_of', 'omnivue')(text)) }}
{%- endmacro %}

{% macro default__words_of(text) -%}
    {{ exceptions.raise_compiler_error("macro 'words_of' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__words_of(text) -%}
    list_filter(string_split_regex({{ text }}, '[^a-z0-9.]+'), lambda word: word <> '')
{%- endmacro %}

{% macro spark__words_of(text) -%}
    filter(split({{ text }}, '[^a-z0-9.]+'), word -> word <> '')
{%- endmacro %}
