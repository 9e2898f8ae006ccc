{#- Whether a user agent is a mail provider's prefetcher or a link scanner rather than a person: Gmail's image proxy,
    Yahoo's proxy, Apple Mail Privacy Protection (a bare Mozilla/5.0), security gateways, scripts. -#}
{% macro is_machine_agent(user_agent) -%}
    coalesce(
        trim({{ user_agent }}) = 'Mozilla/5.0'
        or {{ regex_matches(
            'lower(' ~ user_agent ~ ')',
            'googleimageproxy|yahoomailproxy|barracuda|proofpoint|mimecast|headless|python|curl|bot[^a-z]|bot$|scanner'
        ) }},
        false
    )
{%- endmacro %}
