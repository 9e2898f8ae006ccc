{#- Joins rows that name a record of a source system with customer_links, which says whose record it is. -#}
{% macro joined_to_its_customer(relation) -%}
    inner join customer_links
        on
            {{ relation }}.source_system = customer_links.source_system
            and {{ relation }}.source_person_key = customer_links.source_person_key
{%- endmacro %}
