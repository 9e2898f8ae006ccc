"""What a release looks like in numbers, and where it looks unlike the releases before it.

Belongs here: what is measured of a table, and when a number has drifted. Lives elsewhere: which tables there are
(`dagster_project.defs.pipeline`), and the suite that reports what drifted (`data_quality.suites.marts`).

Sources: Cohen (1988), Statistical Power Analysis, p. 20 (d, a difference of means in standard deviations); Levin, Peres
and Wilmer (2009), Markov Chains and Mixing Times, p. 47 (total variation distance, half the sum of differences).
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from data_quality.contract import Contract

PROFILE_SCHEMA = pa.schema(
    [
        pa.field("release_id", pa.string(), nullable=False),
        pa.field("data_through", pa.date32(), nullable=False),
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("column_name", pa.string()),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("category", pa.string()),
        pa.field("value", pa.float64()),
        pa.field("expected", pa.float64()),
        pa.field("is_drift", pa.bool_(), nullable=False),
    ]
)
# A text of more kinds than this is no category, and its values may say who somebody is.
MAX_CATEGORIES = 20
_NUMBERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")
_TABLES_PER_QUERY = 8


@dataclass(frozen=True)
class Limits:
    """When a number has drifted from the median of the last `releases`: `volume` as a share of it, `null_share` and
    `mix` in points (0..1), `mean` in standard deviations. Tables of fewer than `min_rows` are left in peace. Rows of
    dated tables are looked at over the last `days`. `kept_releases` stay in the history."""

    releases: int
    kept_releases: int
    days: int
    min_rows: int
    volume: float
    null_share: float
    mean: float
    mix: float


@dataclass(frozen=True)
class Subject:
    """A table to measure, `schema.table`. Values are told of the columns in `shown` alone (None: of all); `day` is the
    column of dates or times that cuts the last days, None where the whole table counts."""

    table: str
    day: str | None = None
    shown: frozenset[str] | None = None


@dataclass(frozen=True)
class _Shape:
    subject: Subject
    columns: tuple[str, ...]
    numbers: frozenset[str]
    texts: frozenset[str]


def raw_subject(contract: Contract, days: int) -> Subject:
    """An extract in schema raw, by the business date of its deliveries; one that comes less often than four times in
    `days` is measured whole."""
    return Subject(f"raw.{contract.id}", "ds" if 4 * contract.frequency_days <= days else None, contract.told)


def mart_subject(connection: duckdb.DuckDBPyConnection, table: str, *, tells_nobody: bool = True) -> Subject:
    """A table of schema marts; values are told of one that tells nobody's address. Facts are dated by their first
    column of dates or times: when they happened."""
    day = None
    if table.startswith("marts.fct_"):
        described = connection.execute(f"describe {table}").fetchall()
        day = next((str(name) for name, type_, *_ in described if type_ in ("DATE", "TIMESTAMP")), None)
    return Subject(table, day, None if tells_nobody else frozenset())


def measure(
    connection: duckdb.DuckDBPyConnection, subjects: Iterable[Subject], *, through: dt.date, days: int
) -> list[tuple[str, str | None, str, str | None, float | None]]:
    """(table, column, metric, category, value) of each subject, rows up to the day `through`.

    Metrics: `rows`; by column `null_share`, of numbers `mean` and `standard_deviation`, of texts and booleans with at
    most MAX_CATEGORIES values the `share` of each. A column of an empty table has none.
    """
    shapes = [_shape(connection, subject) for subject in subjects]
    found: list[tuple[str, str | None, str, str | None, float | None]] = []
    mixed: list[tuple[str, str, str]] = []  # table, column, query of its categories
    for start in range(0, len(shapes), _TABLES_PER_QUERY):
        few = shapes[start : start + _TABLES_PER_QUERY]
        queries = [_summary(shape, through, days) for shape in few]
        values = dict(connection.execute(" union all ".join(queries)).fetchall())
        for shape in few:
            table = shape.subject.table
            figures = iter(values[table])
            row_count = next(figures)
            found.append((table, None, "rows", None, row_count))
            for column in shape.columns:
                present = next(figures)
                told: list[tuple[str, float | None]] = []
                if column in shape.numbers:
                    told = _steady(next(figures), next(figures))
                kinds = next(figures) if column in shape.texts else 0
                if row_count:
                    found.append((table, column, "null_share", None, 1 - present / row_count))
                    found += [(table, column, metric, None, value) for metric, value in told if value is not None]
                    # The count of kinds is an estimate; the query that lists them is not.
                    if 0 < kinds <= 1.5 * MAX_CATEGORIES:
                        mixed.append((table, column, _categories(shape.subject, column, through, days)))
    for start in range(0, len(mixed), _TABLES_PER_QUERY):
        few_mixed = mixed[start : start + _TABLES_PER_QUERY]
        listed = connection.execute(
            " union all ".join(f"select {index} as n, * from ({sql})" for index, (*_, sql) in enumerate(few_mixed))
        ).fetchall()
        for index, (table, column, _) in enumerate(few_mixed):
            shares = sorted((category, share) for number, category, share in listed if number == index)
            if len(shares) <= MAX_CATEGORIES:
                found += [(table, column, "share", category, share) for category, share in shares]
    return found


def judge(
    measured: Sequence[tuple[str, str | None, str, str | None, float | None]],
    history: pa.Table | None,
    *,
    release_id: str,
    data_through: dt.date,
    limits: Limits,
) -> pa.Table:
    """`data_profile`: what was measured beside the median of the last releases, and the history it is judged by.

    `history` is the profile that the last release published, None where there is none. The last releases are the
    newest of other days of data, so that building one day twice does not count twice. A column's `mix` is the total
    variation distance between its shares now and then, a share not seen then being 0 then.
    """
    now = pa.table(
        {
            "release_id": pa.array([release_id] * len(measured), pa.string()),
            "data_through": pa.array([data_through] * len(measured), pa.date32()),
            **{
                name: pa.array([row[index] for row in measured], type_)
                for index, (name, type_) in enumerate(
                    [
                        ("table_name", pa.string()),
                        ("column_name", pa.string()),
                        ("metric", pa.string()),
                        ("category", pa.string()),
                        ("value", pa.float64()),
                    ]
                )
            },
        }
    )
    before = history if history is not None else PROFILE_SCHEMA.empty_table()
    with duckdb.connect() as session:
        session.register("measured", now)
        session.register("history", before)
        judged = session.execute(
            _JUDGED,
            {
                "release": release_id,
                "through": data_through,
                "kept": limits.kept_releases,
                "releases": limits.releases,
                "min_rows": limits.min_rows,
                "volume": limits.volume,
                "null_share": limits.null_share,
                "mean": limits.mean,
                "mix": limits.mix,
            },
        ).to_arrow_table()
    return judged.cast(PROFILE_SCHEMA)


_JUDGED = """
with
releases as (
    select
        release_id,
        row_number() over (order by data_through desc, release_id desc) as position
    -- Of a day of data that was built more than once, the latest release.
    from (select max(release_id) as release_id, data_through from history group by data_through)
    where data_through < $through
),

past as (
    select history.*
    from history
    inner join releases using (release_id)
    where releases.position <= $releases
),

expected as (
    select table_name, column_name, metric, category, median(value) as expected
    from past
    where metric <> 'mix'
    group by all
),

-- Shares of either side: a category that is new, and one that is gone.
shares as (
    select
        coalesce(measured.table_name, expected.table_name) as table_name,
        coalesce(measured.column_name, expected.column_name) as column_name,
        sum(abs(coalesce(measured.value, 0) - coalesce(expected.expected, 0))) / 2 as distance
    from (select * from measured where metric = 'share') as measured
    full join (select * from expected where metric = 'share') as expected
        on measured.table_name = expected.table_name
        and measured.column_name = expected.column_name
        and measured.category is not distinct from expected.category
    group by all
),

-- A column that had categories then and now; beyond their number it has none.
mixes as (
    select shares.*
    from shares
    semi join (select table_name, column_name from measured where metric = 'share') as ours
        using (table_name, column_name)
    semi join (select table_name, column_name from expected where metric = 'share') as theirs
        using (table_name, column_name)
),

all_measured as (
    select table_name, column_name, metric, category, value from measured
    union all
    select table_name, column_name, 'mix' as metric, null as category, distance as value from mixes
),

sizes as (
    select
        measured.table_name,
        greatest(measured.value, coalesce(expected.expected, 0)) as most_rows,
        least(measured.value, coalesce(expected.expected, 0)) as least_rows
    from measured
    left join expected on measured.table_name = expected.table_name and expected.metric = 'rows'
    where measured.metric = 'rows'
),

judged as (
    select
        all_measured.*,
        case when all_measured.metric = 'mix' then 0 else expected.expected end as expected,
        case all_measured.metric
            when 'rows' then
                sizes.most_rows >= $min_rows
                and abs(all_measured.value - expected.expected) > $volume * expected.expected
            when 'null_share' then
                sizes.least_rows >= $min_rows and abs(all_measured.value - expected.expected) > $null_share
            when 'mean' then
                sizes.least_rows >= $min_rows
                and abs(all_measured.value - expected.expected) > $mean * deviations.expected
            when 'mix' then sizes.least_rows >= $min_rows and all_measured.value > $mix
        end as is_drift
    from all_measured
    inner join sizes on all_measured.table_name = sizes.table_name
    left join expected
        on all_measured.table_name = expected.table_name
        and all_measured.column_name is not distinct from expected.column_name
        and all_measured.metric = expected.metric
        and all_measured.category is not distinct from expected.category
    left join expected as deviations
        on all_measured.table_name = deviations.table_name
        and all_measured.column_name = deviations.column_name
        and all_measured.metric = 'mean'
        and deviations.metric = 'standard_deviation'
),

kept as (
    select history.* exclude (position)
    from (
        select *, dense_rank() over (order by release_id desc) as position from history where release_id <> $release
    ) as history
    where position < $kept
)

select * from kept
union all by name
select $release as release_id, $through as data_through, * replace (coalesce(is_drift, false) as is_drift) from judged
order by release_id, table_name, column_name nulls first, metric, category nulls first
"""


def _shape(connection: duckdb.DuckDBPyConnection, subject: Subject) -> _Shape:
    described = connection.execute(f"describe {subject.table}").fetchall()
    types = {str(name): str(type_) for name, type_, *_ in described}
    told = {name for name in types if subject.shown is None or name in subject.shown}
    numbers = {name for name, type_ in types.items() if type_.startswith((*_NUMBERS, "DECIMAL", "DOUBLE", "FLOAT"))}
    texts = {name for name, type_ in types.items() if type_ in ("VARCHAR", "BOOLEAN")}
    lists = {name for name, type_ in types.items() if type_.endswith("]")}
    return _Shape(subject, tuple(types), frozenset(numbers & told - lists), frozenset(texts & told))


def _steady(mean: float | None, deviation: float | None) -> list[tuple[str, float | None]]:
    """Mean and standard deviation to seven digits of the larger: threads add doubles up in another order each time, and
    the same rows must give the same profile."""
    scale = max(abs(mean or 0), deviation or 0)
    decimals = 6 - math.floor(math.log10(scale)) if scale > 0 and math.isfinite(scale) else 0
    told = (("mean", mean), ("standard_deviation", deviation))
    return [(metric, None if value is None else round(value, decimals)) for metric, value in told]


def _window(subject: Subject, through: dt.date, days: int) -> str:
    if subject.day is None:
        return subject.table
    day = f'cast("{subject.day}" as date)'
    first = through - dt.timedelta(days=days - 1)
    return f"(select * from {subject.table} where {day} between date '{first}' and date '{through}')"


def _summary(shape: _Shape, through: dt.date, days: int) -> str:
    figures = ["cast(count(*) as double)"]
    for column in shape.columns:
        figures.append(f'cast(count("{column}") as double)')
        if column in shape.numbers:
            figures += [f'avg(cast("{column}" as double))', f'stddev_pop(cast("{column}" as double))']
        if column in shape.texts:
            figures.append(f'cast(approx_count_distinct("{column}") as double)')
    rows = _window(shape.subject, through, days)
    return f"select '{shape.subject.table}' as table_name, [{', '.join(figures)}] as figures from {rows}"


def _categories(subject: Subject, column: str, through: dt.date, days: int) -> str:
    return (
        f'select cast("{column}" as varchar) as category, count(*) / sum(count(*)) over () as share '
        f'from {_window(subject, through, days)} where "{column}" is not null group by all'
    )
