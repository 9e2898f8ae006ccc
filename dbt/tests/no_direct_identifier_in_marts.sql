{#- Marts carry no direct identifier, free text, device id, URL or raw source id. The columns are those of the contracts,
    which dbt enforces, so their names are read from there. A store's own address is no personal data. -#}
{%- set forbidden = [
    'e_?mail$', 'phone', 'first_name', 'last_name', 'full_name', 'street', 'postal', 'zip', 'address', 'birth_date',
    'device', 'user_agent', 'cookie_id', 'pseudo_id', '(^|_)ip$', 'url', 'page_location', 'referrer', 'verbatim$',
    'subject', 'description', 'note$', 'person_key', 'card', 'handle', 'order_name', 'ticket_key', 'recipient',
] -%}
{%- set allowed = ['has_phone_consent', 'has_postal_consent', 'has_verbatim'] -%}
{%- set findings = [] -%}
{%- if execute -%}
    {%- for node in graph.nodes.values()
        if node.resource_type == 'model' and node.schema == 'marts' and node.name != 'dim_stores' -%}
        {%- for column in node.columns if column not in allowed -%}
            {%- for pattern in forbidden if modules.re.search(pattern, column) -%}
                {%- do findings.append((node.name, column)) -%}
            {%- endfor -%}
        {%- endfor -%}
        {%- if not node.contract.enforced -%}
            {%- do findings.append((node.name, 'no contract is enforced')) -%}
        {%- endif -%}
    {%- endfor -%}
{%- endif -%}
{%- for model, column in findings -%}
select '{{ model }}' as model_name, '{{ column }}' as column_name
{{ 'union all' if not loop.last }}
{%- else -%}
select cast(null as {{ text_type() }}) as model_name, cast(null as {{ text_type() }}) as column_name
where false
{%- endfor -%}
