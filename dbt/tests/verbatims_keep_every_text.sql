-- Every text the answers and comments hold is in one cell of each length of period, under a key of its own.
with

periods as (
    select
        period,
        sum(responses) as responses,
        sum(length(response_keys) - length(replace(response_keys, ',', '')) + 1) as response_keys
    from {{ ref('kpi_verbatims') }}
    group by period
),

texts as (
    select count(*) as texts from {{ ref('int_verbatim_sentiments') }}
)

select *
from periods
cross join texts
where
    periods.responses <> texts.texts
    or periods.response_keys <> texts.texts
