{#- The customer of a row that may be a web session's (`session_customers` joined to it) or names a person itself
    (`customer_links`), and what told who it is: columns `customer_id` and `customer_link`. -#}
{% macro customer_of_visit() -%}
    coalesce(session_customers.customer_id, customer_links.customer_id, 'unknown') as customer_id,
    coalesce(
        session_customers.customer_link, case when customer_links.customer_id is not null then 'record' else 'unknown' end
    ) as customer_link
{%- endmacro %}
