{# Whether a customer's own scores may be shown: by the consent to profiling of `customers`, unless the settings need
   none. #}
{% macro may_be_profiled(customers) -%}
    {{ customers ~ '.has_profiling_consent' if var('customer_value')['needs_profiling_consent'] else 'true' }}
{%- endmacro %}
