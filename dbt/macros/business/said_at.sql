{#- When a record of a source that is exported again and again came to say what it says. A snapshot repeats an old
    address every week, and a system's modification date moves with any field: neither makes the address new.
    `fields` names what is dated, each with its columns, e.g. {'name': ['first_name', 'last_name']}. -#}

{#- Over all delivered versions, one column <field>_changed_at for each of `fields`: `at` of a version that says other
    than the version before it, NULL where it repeats it. -#}
{% macro changed_at(fields, keys, at) -%}
    {%- set version_before = 'over (partition by ' ~ keys | join(', ')
        ~ ' order by ds, _arrival_date, delivery, _line)' -%}
    {%- for field, columns in fields.items() %}
    case
        when
        {%- for column in columns %}
            {{ 'or ' if not loop.first }}(lag({{ column }}) {{ version_before }} is distinct from {{ column }})
        {%- endfor %}
            then {{ at }}
    end as {{ field }}_changed_at
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Over the versions of one record, with the columns of `changed_at`: <field>_said_at for each of `fields`. -#}
{% macro said_at(fields) -%}
    {%- for field in fields %}
    max({{ field }}_changed_at) as {{ field }}_said_at
    {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
