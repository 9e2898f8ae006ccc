{#- Value of one GA4 event parameter: the first entry with the key, its string_value, int_value, float_value or double_value. -#}
{% macro event_param(params, key, field) -%}
    {{ return(adapter.dispatch('event_param', 'omnivue')(params, key, field)) }}
{%- endmacro %}

{% macro default__event_param(params, key, field) -%}
    {{ exceptions.raise_compiler_error("macro 'event_param' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__event_param(params, key, field) -%}
    list_filter({{ params }}, lambda param: param.key = '{{ key }}')[1].value.{{ field }}
{%- endmacro %}

{% macro spark__event_param(params, key, field) -%}
    get(filter({{ params }}, param -> param.key = '{{ key }}'), 0).value.{{ field }}
{%- endmacro %}
