{#- The folder that holds raw/<extract>/: OMNIVUE_LAKE, or `lake` in OMNIVUE_HOME, or in `var` of the current folder. -#}
{% macro lake_folder() -%}
    {{ env_var('OMNIVUE_LAKE', env_var('OMNIVUE_HOME', 'var') ~ '/lake') }}
{%- endmacro %}
