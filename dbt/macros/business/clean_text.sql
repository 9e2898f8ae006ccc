{#- A text without outer blanks; NULL when nothing is left. -#}
{% macro clean_text(expression) -%}
    nullif(trim({{ expression }}), '')
{%- endmacro %}
