{#- Touch channel of a visit from its GA4 traffic source (manual source, manual medium, click id of Google Ads).
    A paid click inside a social network is paid_social, whatever its medium is called; nothing known is direct. -#}
{% macro touch_channel(source, medium, gclid) -%}
    {%- set social_networks = "('facebook', 'instagram', 'meta', 'linkedin', 'tiktok', 'youtube')" -%}
    case
        when {{ gclid }} is not null and coalesce({{ medium }}, 'cpc') <> 'display' then 'paid_search'
        when lower({{ medium }}) in ('paid_social', 'paidsocial', 'paid-social') then 'paid_social'
        when lower({{ medium }}) in ('cpc', 'cpm', 'ppc', 'paid') and lower({{ source }}) in {{ social_networks }}
            then 'paid_social'
        when lower({{ medium }}) in ('display', 'banner', 'cpm') then 'display'
        when lower({{ medium }}) in ('cpc', 'ppc', 'paid_search') then 'paid_search'
        when lower({{ medium }}) = 'affiliate' then 'affiliate'
        when lower({{ medium }}) = 'organic' then 'organic_search'
        when lower({{ medium }}) in ('social', 'organic_social') then 'organic_social'
        when lower({{ medium }}) = 'referral' then 'referral'
        when lower({{ medium }}) in ('email', 'e-mail') then 'email'
        when lower({{ medium }}) = 'sms' then 'sms'
        when lower({{ medium }}) = 'push' then 'push'
        when coalesce(lower({{ medium }}), '(none)') in ('(none)', '(not set)', '')
            and coalesce(lower({{ source }}), '(direct)') in ('(direct)', 'direct', '(not set)', '')
            then 'direct'
        when lower({{ source }}) in {{ social_networks }} then 'organic_social'
        else 'referral'
    end
{%- endmacro %}
