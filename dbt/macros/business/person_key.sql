{#- Key of a person known by one of several natural keys: the first that is present, with its kind before it
    ('email:', 'account:', 'card:', 'phone:'). `bare` is a key used as it is. NULL when none is present. -#}
{% macro person_key(bare=none, email=none, account=none, card=none, phone=none) -%}
    coalesce(
        {%- set comma = joiner(',') -%}
        {%- if bare %}{{ comma() }} {{ clean_text(bare) }}{% endif -%}
        {%- if email %}{{ comma() }} 'email:' || {{ clean_text('lower(' ~ email ~ ')') }}{% endif -%}
        {%- if account %}{{ comma() }} 'account:' || {{ clean_text(account) }}{% endif -%}
        {%- if card %}{{ comma() }} 'card:' || {{ clean_text(card) }}{% endif -%}
        {%- if phone %}{{ comma() }} 'phone:' || {{ clean_text(phone) }}{% endif -%}
        {{ comma() }} null
    )
{%- endmacro %}

{#- The value behind the prefix of a person key of one kind; NULL for keys of other kinds. -#}
{% macro value_of_key(person_key, kind) -%}
    case when {{ person_key }} like '{{ kind }}:%' then substr({{ person_key }}, {{ kind | length + 2 }}) end
{%- endmacro %}
