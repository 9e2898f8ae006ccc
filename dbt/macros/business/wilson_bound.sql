{#- Lower or upper end of the Wilson score interval (95 %) of successes / n, a DOUBLE; NULL for n = 0. Two of them make
    Newcombe's hybrid score interval of a difference of two shares: Newcombe (1998), Interval estimation for the
    difference between independent proportions, Statistics in Medicine 17, method 10. -#}
{% macro wilson_bound(successes, n, side) -%}
    {%- set z = '1.959963984540054e0' -%}
    ((
        {{ successes }} + {{ z }} * {{ z }} / 2
        {{ '-' if side == 'low' else '+' }} {{ z }} * sqrt(
            {{ z }} * {{ z }} / 4 + {{ successes }} * (1 - cast({{ successes }} as double) / nullif({{ n }}, 0))
        )
    ) / (nullif({{ n }}, 0) + {{ z }} * {{ z }}))
{%- endmacro %}
