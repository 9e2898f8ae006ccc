{#- Of a name and an address in the columns first_name, last_name, street, city, postal_code, country. -#}

{#- How whole a name is: 2 with both parts, 1 with one, 0 with none. -#}
{% macro name_wholeness() -%}
    {{ filled(['first_name', 'last_name']) }}
{%- endmacro %}

{#- How whole an address is: 3 when a letter would arrive (a street in a place), 2 with a place alone, 1 with a street
    or a country alone, 0 with nothing. -#}
{% macro address_wholeness() -%}
    case
        when street is not null and coalesce(postal_code, city) is not null then 3
        when coalesce(postal_code, city) is not null then 2
        when coalesce(street, country) is not null then 1
        else 0
    end
{%- endmacro %}

{#- Several columns in one text, to order by; NULL counts as empty. -#}
{% macro joined_text(columns) -%}
    {%- for column in columns %}coalesce({{ column }}, ''){{ " || '|' || " if not loop.last }}{% endfor -%}
{%- endmacro %}

{#- How many of several columns hold something. -#}
{% macro filled(columns) -%}
    ({% for column in columns %}case when {{ column }} is null then 0 else 1 end{{ ' + ' if not loop.last }}{% endfor %})
{%- endmacro %}
