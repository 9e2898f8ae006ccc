{#- What somebody builds by hand no run remembers: the next one builds all that is kept from night to night anew. -#}
{% macro forget_built_months() -%}
    {%- if var('settled_months') is none and flags.WHICH in ('build', 'run') -%}
        drop table if exists pipeline.built_months
    {%- endif -%}
{%- endmacro %}
