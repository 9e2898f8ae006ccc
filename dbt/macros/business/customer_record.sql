{#- The columns of one sighting of a person in a source, for the union in int_customer_records. What the source does
    not know stays out of the call and becomes NULL or an empty array. Arguments are SQL expressions; `email`, `phone`,
    `loyalty_card` and `web_account` are single values, their plurals are arrays of values. -#}
{% macro customer_record(
    source_system, source_person_key, seen_date, first_seen_at, last_seen_at,
    first_seen_date=none, first_name='null', last_name='null', email='null', emails=none, phone='null', phones=none,
    loyalty_card='null', web_account='null', birth_date='null', gender='null', street='null', city='null',
    postal_code='null', country='null', language='null'
) -%}
    '{{ source_system }}' as source_system,
    cast({{ source_person_key }} as {{ text_type() }}) as source_person_key,
    cast({{ first_seen_date or seen_date }} as date) as first_seen_date,
    cast({{ seen_date }} as date) as last_seen_date,
    cast({{ first_seen_at }} as timestamp) as first_seen_at,
    cast({{ last_seen_at }} as timestamp) as last_seen_at,
    {%- for name, expression in [
        ('first_name', first_name), ('last_name', last_name), ('gender', gender), ('street', street), ('city', city),
        ('postal_code', postal_code), ('country', country), ('language', language)
    ] %}
    {{ clean_text('cast(' ~ expression ~ ' as ' ~ text_type() ~ ')') }} as {{ name }},
    {%- endfor %}
    cast({{ birth_date }} as date) as birth_date,
    {%- for name, many, one in [
        ('emails', emails, email), ('phones', phones, phone), ('loyalty_cards', none, loyalty_card),
        ('web_accounts', none, web_account)
    ] %}
    {{ many or array_of([clean_text('cast(' ~ one ~ ' as ' ~ text_type() ~ ')')]) }} as {{ name }}
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
