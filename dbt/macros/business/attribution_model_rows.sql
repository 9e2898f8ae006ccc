{#- The models of attribution as rows of one column `attribution_model`. -#}
{% macro attribution_model_rows() -%}
    {% for model in attribution_models() -%}
        select '{{ model }}' as attribution_model
        {%- if not loop.last %}
            union all
        {% endif %}
    {%- endfor %}
{%- endmacro %}
