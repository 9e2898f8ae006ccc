{#- What a campaign's spend is for, from its name `<PURPOSE>_<channel>_<name>`; `unclassified` without the prefix. -#}
{% macro spend_purpose(campaign_name) -%}
    case upper(substr({{ campaign_name }}, 1, 4))
        when 'ACQ_' then 'acquisition'
        when 'RET_' then 'retention'
        when 'BRD_' then 'brand'
        else 'unclassified'
    end
{%- endmacro %}
