{#- A text in lower case without accents, every mark that ends a clause as ` . `: what the lexicons are matched on. The
    last five characters replaced are combining accents, which `translate` leaves out as they have no counterpart. -#}
{% macro folded_text(text) -%}
    {%- set accented = 'àâäáãåçéèêëíìîïñóòôöõúùûüÿ' -%}
    {%- set plain = 'aaaaaaceeeeiiiinooooouuuuy' -%}
    {%- set marks = ',;:!?…()"«»\n' -%}
    {%- set combining = '\u0300\u0301\u0302\u0308\u0327' -%}
    replace(replace(replace(
        translate(
            lower({{ text }}),
            '{{ accented ~ marks ~ combining }}',
            '{{ plain ~ "." * (marks | length) }}'
        ),
        'œ', 'oe'), 'æ', 'ae'), '.', ' . ')
{%- endmacro %}
