{#- Lower or upper end of the adjusted Wald interval (95 %) of a net promoter score, -100..100, a DOUBLE: three imaginary
    answers, 0.75 of them promoters and 0.75 detractors. NULL for no answer. Source: Agresti and Min (2005), Simple
    improved confidence intervals for comparing matched proportions, Statistics in Medicine 24; for the NPS Rocks
    (2016), Interval estimation for the "net promoter score", The American Statistician 70. -#}
{% macro nps_bound(promoters, detractors, responses, side) -%}
    {%- set n = '(' ~ responses ~ ' + 3)' -%}
    {%- set up, down = '((' ~ promoters ~ ' + 0.75e0) / ' ~ n ~ ')', '((' ~ detractors ~ ' + 0.75e0) / ' ~ n ~ ')' -%}
    {%- set half_width -%}
        1.96e0 * sqrt(({{ up }} + {{ down }} - ({{ up }} - {{ down }}) * ({{ up }} - {{ down }})) / {{ n }})
    {%- endset -%}
    case
        when {{ responses }} > 0
            then round(
                100e0 * {% if side == 'low' -%}
                    greatest({{ up }} - {{ down }} - {{ half_width }}, -1e0)
                {%- else -%}
                    least({{ up }} - {{ down }} + {{ half_width }}, 1e0)
                {%- endif %}, 4
            )
    end
{%- endmacro %}
