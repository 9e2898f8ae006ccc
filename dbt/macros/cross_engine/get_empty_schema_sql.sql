{#- What a model's declared columns look like, for dbt to compare with what its query gives. The YAML names types as
    the published file does; Spark has names of its own for two of them. -#}
{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set types = {'varchar': 'string', 'integer': 'int'} -%}
    select
    {%- for name, column in columns.items() %}
        {%- set type = column['data_type'] | lower %}
        cast(null as {{ types.get(type, type) }}) as {{ name }}
        {{- ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
