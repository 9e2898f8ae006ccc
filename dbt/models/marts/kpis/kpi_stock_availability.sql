with

stock as (
    select * from {{ ref('fct_stock') }}
),

stock_outs as (
    select * from {{ ref('fct_stock_outs') }}
),

date_periods as (
    select * from {{ ref('bridge_date_periods') }}
),

last_count as (
    select max(stock_date) as stock_date from stock
),

observed as (
    select
        min(date_day) as first_date,
        max(date_day) as last_date
    from date_periods
    where is_observed
),

-- An article is kept in a store from the month of its first count to its last, or to now when it is in the latest.
listed as (
    select
        stock.store_code,
        stock.sku,
        greatest({{ period_start('month', 'min(stock.stock_date)') }}, max(observed.first_date)) as listed_from,
        case
            when max(stock.stock_date) = max(last_count.stock_date) then max(observed.last_date)
            else least(max(stock.stock_date), max(observed.last_date))
        end as listed_to
    from stock
    cross join last_count
    cross join observed
    group by stock.store_code, stock.sku
),

-- Spells that overlap count their common days once: each begins where those before it have all ended.
spells as (
    select
        store_code,
        sku,
        greatest(
            out_from_date,
            coalesce(
                max({{ add_days('out_from_date', 'days_out') }}) over (
                    partition by store_code, sku order by out_from_date
                    rows between unbounded preceding and 1 preceding
                ),
                out_from_date
            )
        ) as out_from,
        {{ add_days('out_from_date', 'days_out') }} as out_before
    from stock_outs
),

periods as (
    select
        period,
        period_start,
        period_end,
        is_complete
    from date_periods
    where is_observed
    group by period, period_start, period_end, is_complete
),

cells as (
    select
        periods.period,
        periods.period_start,
        periods.is_complete,
        listed.store_code,
        listed.sku,
        greatest(periods.period_start, listed.listed_from) as observed_from,
        {{ add_days('least(periods.period_end, listed.listed_to)', 1) }} as observed_before
    from periods
    inner join listed
        on
            periods.period_start <= listed.listed_to
            and periods.period_end >= listed.listed_from
),

days_out as (
    select
        cells.period,
        cells.period_start,
        cells.store_code,
        cells.sku,
        sum({{ days_between(
            'greatest(spells.out_from, cells.observed_from)', 'least(spells.out_before, cells.observed_before)'
        ) }}) as days_out
    from cells
    inner join spells
        on
            cells.store_code = spells.store_code
            and cells.sku = spells.sku
            and cells.observed_before > spells.out_from
            and cells.observed_from < spells.out_before
    where spells.out_before > spells.out_from
    group by cells.period, cells.period_start, cells.store_code, cells.sku
),

measured as (
    select
        cells.period,
        cells.period_start,
        cells.is_complete,
        cells.store_code,
        cells.sku,
        {{ days_between('cells.observed_from', 'cells.observed_before') }} as days_observed,
        coalesce(days_out.days_out, 0) as days_out
    from cells
    left join days_out
        on
            cells.period = days_out.period
            and cells.period_start = days_out.period_start
            and cells.store_code = days_out.store_code
            and cells.sku = days_out.sku
),

final as (
    select
        period,
        period_start,
        store_code as store,
        sku,
        cast(days_observed - days_out as bigint) as days_available,
        cast(days_observed as bigint) as days_observed,
        cast(days_observed - days_out as double) / days_observed as availability,
        is_complete,
        days_observed >= {{ var('reliability')['min_n'] }} as is_reliable
    from measured
)

select * from final
