{#- amount * part / whole as money, computed in whole ten-thousandths and rounded half away from zero, so that every
    engine gives the same figure. `part` is not negative, `whole` is positive; whole 0 gives NULL. -#}
{% macro prorate(amount, part, whole) -%}
    {%- set scaled_amount = 'cast(round(abs(' ~ amount ~ ') * 10000) as decimal(18, 0))' -%}
    {%- set scaled_part = 'cast(round((' ~ part ~ ') * 10000) as decimal(18, 0))' -%}
    {%- set scaled_whole = 'cast(round((' ~ whole ~ ') * 10000) as decimal(18, 0))' -%}
    cast(
        sign({{ amount }}) * cast(
            {{ integer_divide(
                '(2 * ' ~ scaled_amount ~ ' * ' ~ scaled_part ~ ' + ' ~ scaled_whole ~ ')',
                'nullif(2 * ' ~ scaled_whole ~ ', 0)'
            ) }} as decimal(18, 0)
        ) * cast(0.0001 as decimal(5, 4))
        as {{ money_type() }}
    )
{%- endmacro %}

{#- A tax-included amount without its VAT; `rate` in percent (20.00). -#}
{% macro exclude_vat(amount, rate) -%}
    {{ prorate(amount, '100', '100 + ' ~ rate) }}
{%- endmacro %}

{#- The setting's VAT rate of goods whose product is not in the reference, in percent. -#}
{% macro default_vat_rate() -%}
    cast({{ (var('business')['default_vat_rate'] | float * 100) | round(2) }} as decimal(5, 2))
{%- endmacro %}
