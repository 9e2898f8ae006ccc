{#- A seed's rows on Spark, where dbt-spark writes an empty cell as the text None and stops at an apostrophe. -#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set declared_types = model['config'].get('column_types', {}) -%}
    {%- set statement -%}
        insert into {{ this.render() }} values
        {%- for row in agate_table.rows %}
            (
            {%- for value in row -%}
                {%- set column = agate_table.column_names[loop.index0] -%}
                {%- set type = declared_types.get(column, adapter.convert_type(agate_table, loop.index0)) -%}
                {%- set text = (value | string).replace('\\', '\\\\') -%}
                cast(
                {%- if value is none -%} null {%- else -%} '{{ dbt.escape_single_quotes(text) }}' {%- endif %} as {{ type }})
                {{- ', ' if not loop.last -}}
            {%- endfor -%}
            )
            {{- ',' if not loop.last -}}
        {%- endfor %}
    {%- endset -%}
    {%- do adapter.add_query(statement, abridge_sql_log=True) -%}
    {{ return(statement) }}
{%- endmacro %}
