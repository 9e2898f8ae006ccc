{#- The SQL condition is not false for any row; NULL passes, as in a check constraint. -#}
{% test expression_is_true(model, expression) %}
select *
from {{ model }}
where not ({{ expression }})
{% endtest %}
