{#- The columns of one sighting of a person in a source, for the union in int_customer_records. What the source does
    not know stays out of the call and becomes NULL or an empty array. Arguments are SQL expressions; `email`, `phone`,
    `loyalty_card` and `web_account` are single values; `emails` and `phones`, where there may be several, are arrays
    of all of them, and the single one is then the one to write to or call.

    `said_at` is when the person said all this, `last_seen_at` unless given; fields in `dated` have a date of their own
    in a column <field>_said_at of the source. Nothing was said later than the day after it arrived. -#}
{% macro customer_record(
    source_system, source_person_key, seen_date, first_seen_at, last_seen_at,
    first_seen_date=none, first_name='null', last_name='null', email='null', emails=none, phone='null', phones=none,
    loyalty_card='null', web_account='null', birth_date='null', gender='null', street='null', city='null',
    postal_code='null', country='null', language='null', said_at=none, dated=()
) -%}
    {%- set texts = {
        'first_name': first_name, 'last_name': last_name, 'gender': gender, 'street': street, 'city': city,
        'postal_code': postal_code, 'country': country, 'language': language, 'email': email, 'phone': phone,
        'loyalty_card': loyalty_card, 'web_account': web_account
    } -%}
    {%- for name in texts -%}
        {%- do texts.update({name: clean_text('cast(' ~ texts[name] ~ ' as ' ~ text_type() ~ ')')}) -%}
    {%- endfor -%}
    {%- set arrays = {
        'emails': emails or array_of([texts.email]), 'phones': phones or array_of([texts.phone]),
        'loyalty_cards': array_of([texts.loyalty_card]), 'web_accounts': array_of([texts.web_account])
    } -%}
    {%- set fields = {
        'name': [first_name, last_name], 'birth_date': [birth_date], 'gender': [gender],
        'address': [street, city, postal_code, country], 'language': [language],
        'email': [email], 'phone': [phone], 'loyalty_card': [loyalty_card], 'web_account': [web_account]
    } -%}
    '{{ source_system }}' as source_system,
    cast({{ source_person_key }} as {{ text_type() }}) as source_person_key,
    cast({{ first_seen_date or seen_date }} as date) as first_seen_date,
    cast({{ seen_date }} as date) as last_seen_date,
    cast({{ first_seen_at }} as timestamp) as first_seen_at,
    cast({{ last_seen_at }} as timestamp) as last_seen_at,
    {%- for name, text in texts.items() %}
    {{ text }} as {{ name }},
    {%- endfor %}
    cast({{ birth_date }} as date) as birth_date,
    {%- for name, array in arrays.items() %}
    {{ array }} as {{ name }},
    {%- endfor %}
    {%- for field, values in fields.items() %}
    {%- set given = values | reject('equalto', 'null') | list %}
    {%- if given %}
    {%- set said = field ~ '_said_at' if field in dated else said_at or last_seen_at %}
    case
        when {{ given | join(' is not null or ') }} is not null
            then least(
                cast(coalesce({{ said }}, {{ first_seen_at }}) as timestamp),
                cast({{ add_days('cast(' ~ seen_date ~ ' as date)', 1) }} as timestamp)
            )
    end
    {%- else %}
    cast(null as timestamp)
    {%- endif %} as {{ field }}_said_at
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
