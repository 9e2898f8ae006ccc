{#- Value of one line `name: value` of a shop's multi-line note attributes; NULL when absent. -#}
{% macro note_attribute(note_attributes, name) -%}
    {{ clean_text(regex_extract(note_attributes, '(?m)^' ~ name ~ ': *([^\\r\\n]*)')) }}
{%- endmacro %}
