{#- Every row the lake holds of one extract, with `ds` (business date) and `delivery` from its folders. -#}
{% macro landing(extract) -%}
    {{ return(adapter.dispatch('landing', 'omnivue')(extract)) }}
{%- endmacro %}

{% macro default__landing(extract) -%}
    {{ exceptions.raise_compiler_error("macro 'landing' is not written for the engine '" ~ target.type ~ "'") }}
{%- endmacro %}

{% macro duckdb__landing(extract) -%}
    select * from read_parquet(
        '{{ lake_folder() }}/raw/{{ extract }}/*/*/*.parquet',
        hive_partitioning = true,
        hive_types = {'ds': date, 'delivery': varchar}
    )
{%- endmacro %}

{% macro spark__landing(extract) -%}
    select * except (ds), cast(ds as date) as ds from parquet.`{{ lake_folder() }}/raw/{{ extract }}`
{%- endmacro %}
