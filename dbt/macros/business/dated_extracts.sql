{#- Extracts that give their records again and again: the record's `key`, what is `dated` of it, each with its columns,
    the time `at` which a version says what the one before did not, and its `other` columns. What a
    loyalty card's first snapshot says was said on joining, for all we know. -#}
{% macro dated_extracts() -%}
    {{ return({
        'crm_contacts': {
            'key': 'record_id',
            'at': 'modified_at',
            'dated': {
                'name': ['first_name', 'last_name'], 'birth_date': ['birth_date'], 'gender': ['gender'],
                'address': ['street', 'city', 'postal_code', 'country'], 'language': ['preferred_language'],
                'email': ['email'], 'phone': ['phone', 'mobile_phone'], 'loyalty_card': ['loyalty_card'],
            },
            'other': [
                'additional_emails', 'lifecycle_stage', 'original_source', 'marketing_status', 'created_at',
                'modified_at',
            ],
        },
        'shop_customers': {
            'key': 'customer_account',
            'at': 'updated_at',
            'dated': {
                'name': ['first_name', 'last_name'], 'address': ['street', 'city', 'postal_code', 'country'],
                'email': ['email'], 'phone': ['phone', 'address_phone'],
            },
            'other': ['accepts_email_marketing', 'accepts_sms_marketing', 'tags', 'created_at', 'updated_at'],
        },
        'loyalty_members': {
            'key': 'card_number',
            'at': 'case when ds > min(ds) over (partition by card_number) then ds else joined_on end',
            'dated': {
                'name': ['first_name', 'last_name'], 'birth_date': ['birth_date'], 'gender': ['gender'],
                'address': ['city', 'postal_code'], 'email': ['email'], 'phone': ['phone'],
                'web_account': ['web_account'],
            },
            'other': ['joined_on', 'join_store', 'tier', 'points_balance', 'status'],
        },
    }) }}
{%- endmacro %}

{#- <field>_said_at of each of an extract's dated fields. -#}
{% macro said_at_columns(extract) -%}
    {%- set columns = [] -%}
    {%- for field in dated_extracts()[extract]['dated'] %}{% do columns.append(field ~ '_said_at') %}{% endfor -%}
    {{ return(columns) }}
{%- endmacro %}
