{#- A cast that yields NULL where the value does not fit. -#}
{% macro safe_cast_to(expression, type) -%}
    {{ return(adapter.dispatch('safe_cast_to', 'omnivue')(expression, type)) }}
{%- endmacro %}

{% macro default__safe_cast_to(expression, type) -%}
    {{ exceptions.raise_compiler_error("macro 'safe_cast_to' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__safe_cast_to(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}

{% macro spark__safe_cast_to(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}
