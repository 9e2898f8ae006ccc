{#- The models of attribution side by side, in the order in which they are shown. -#}
{% macro attribution_models() -%}
    {{ return([
        'first_touch', 'last_touch', 'last_non_direct', 'linear', 'position_based', 'time_decay', 'markov', 'shapley'
    ]) }}
{%- endmacro %}
