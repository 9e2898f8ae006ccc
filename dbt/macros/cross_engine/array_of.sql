{#- Array of the given values: NULLs left out, distinct, sorted. -#}
{% macro array_of(expressions) -%}
    {{ return(adapter.dispatch('array_of', 'omnivue')(expressions)) }}
{%- endmacro %}

{% macro default__array_of(expressions) -%}
    {{ exceptions.raise_compiler_error("macro 'array_of' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__array_of(expressions) -%}
    {%- if expressions | length == 1 -%}
    case when {{ expressions[0] }} is null then [] else [{{ expressions[0] }}] end
    {%- else -%}
    list_sort(list_distinct([{{ expressions | join(', ') }}]))
    {%- endif -%}
{%- endmacro %}

{% macro spark__array_of(expressions) -%}
    array_sort(array_distinct(array_compact(array({{ expressions | join(', ') }}))))
{%- endmacro %}
