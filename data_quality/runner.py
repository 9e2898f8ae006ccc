"""Runs suites against a DuckDB file or a Spark session: the only place with a Great Expectations context.

Tables are judged in place; no table is read into Python. One context per stage, one validation definition per table.
Of what failed, and only then, keys and rows are read: at most `MAX_FAILING_ROWS`, what is personal masked. Only keys
reach the library's results, its logs or the pages.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from data_quality import data_docs
from data_quality.dialect import URL_PREFIX, register
from data_quality.library import great_expectations
from data_quality.results import ExpectationResult, GateResult, SuiteResult, write_results
from data_quality.suites.vocabulary import Stage, TableSuite, literal

if TYPE_CHECKING:
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.data_context.data_context.ephemeral_data_context import EphemeralDataContext
    from pyspark.sql import SparkSession

_NULL = "null"
MAX_FAILING_ROWS = 1_000
MASK = "***"
_TEXTS = {"varchar", "string"}


def run_stage(
    stage: Stage,
    suites: Sequence[TableSuite],
    source: Path | SparkSession,
    *,
    title: str,
    docs: Path | None = None,
    keep: Path | None = None,
) -> GateResult:
    """Run `suites` over the tables of `source`: a DuckDB file (opened read-only, closed on return), or the catalogue of
    a Spark session.

    `docs` is the Data Docs folder: this stage's pages and the index are rewritten there under `title` (the release).
    `keep` is a folder, where the stage's results, failing keys and rows are rewritten. A suite whose table or column is
    missing fails with that reason; it does not raise. Raises FileNotFoundError if there is no database.
    """
    if isinstance(source, Path) and not source.exists():
        raise FileNotFoundError(f"{stage} gate: no database at {source}; run the pipeline up to this stage first")
    started = time.perf_counter()
    results: list[SuiteResult] = []
    validations: dict[str, dict[str, Any]] = {}
    with _great_expectations(source) as (context, tables):
        present = tables.names()
        for suite in suites:
            if suite.table not in present:
                results.append(_missing_table(suite))
                continue
            result, validation = _run_suite(context, tables, suite)
            results.append(result)
            validations[suite.name] = validation
    index = data_docs.write_stage(docs, stage, title, results, validations) if docs is not None else None
    found = GateResult(stage, tuple(results), time.perf_counter() - started, index)
    if keep is not None:
        write_results(keep, found)
    return found


class _Tables(Protocol):
    """The tables of one engine, as the library and the questions about failing rows need them."""

    def names(self) -> set[str]:
        """Every table as `schema.name`."""

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""

    def columns(self, sql: str) -> dict[str, str]:
        """The names of a query's columns and the engine's names of their types."""

    def batch(self, suite: TableSuite) -> tuple[Any, dict[str, Any]]:
        """The library's definition of a suite's table, and the parameters it is asked with."""


@contextlib.contextmanager
def _great_expectations(source: Path | SparkSession) -> Iterator[tuple[EphemeralDataContext, _Tables]]:
    """A context over `source`; on leaving, a file is closed so that a writer can open it."""
    gx = great_expectations()
    from great_expectations.data_context.types.base import ProgressBarsConfig

    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        # Deprecations within the library, SQLAlchemy and the dialect are not ours to act on.
        warnings.simplefilter("ignore")
        context = gx.get_context(mode="ephemeral")
        for site in list(context.get_site_names()):
            context.delete_data_docs_site(site)
        context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
        if not isinstance(source, Path):
            yield context, _SparkTables(context, source)
            return
        tables = _DuckDBTables(context, source)
        try:
            yield context, tables
        finally:
            tables.close()


class _DuckDBTables:
    """A DuckDB file, opened read-only through SQLAlchemy."""

    def __init__(self, context: EphemeralDataContext, database: Path) -> None:
        register()
        # The type stub of add_sql leaves out its `kwargs`, which go to SQLAlchemy's create_engine.
        options: dict[str, Any] = {"kwargs": {"connect_args": {"read_only": True}}}
        self._datasource: Any = context.data_sources.add_sql(
            "warehouse", connection_string=f"{URL_PREFIX}{database}", create_temp_table=False, **options
        )

    def close(self) -> None:
        self._datasource.get_execution_engine().close()
        self._datasource.get_engine().dispose()

    def names(self) -> set[str]:
        return {
            name for (name,) in self.query("select table_schema || '.' || table_name from information_schema.tables")
        }

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        import sqlalchemy as sa

        with self._datasource.get_engine().connect() as connection:
            return [tuple(row) for row in connection.execute(sa.text(sql)).fetchall()]

    def columns(self, sql: str) -> dict[str, str]:
        return {name: type_ for (name, type_, *_) in self.query(f"describe {sql}")}

    def batch(self, suite: TableSuite) -> tuple[Any, dict[str, Any]]:
        schema, _, table = suite.table.partition(".")
        asset = self._datasource.add_table_asset(suite.name, table_name=table, schema_name=schema)
        return asset.add_batch_definition_whole_table(suite.name), {}


class _SparkTables:
    """The catalogue of a Spark session."""

    def __init__(self, context: EphemeralDataContext, session: SparkSession) -> None:
        self._session = session
        self._datasource: Any = context.data_sources.add_spark("warehouse", persist=False)

    def names(self) -> set[str]:
        schemas = [row[0] for row in self._session.sql("show schemas").collect()]
        shown = [row for schema in schemas for row in self._session.sql(f"show tables in `{schema}`").collect()]
        return {f"{row['namespace']}.{row['tableName']}" for row in shown if row["namespace"]}

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self._session.sql(sql).collect()]

    def columns(self, sql: str) -> dict[str, str]:
        return dict(self._session.sql(sql).dtypes)

    def batch(self, suite: TableSuite) -> tuple[Any, dict[str, Any]]:
        asset = self._datasource.add_dataframe_asset(suite.name)
        frame = self._session.table(suite.table)
        return asset.add_batch_definition_whole_dataframe(suite.name), {"dataframe": frame}


def _run_suite(context: EphemeralDataContext, tables: _Tables, suite: TableSuite) -> tuple[SuiteResult, dict[str, Any]]:
    started = time.perf_counter()
    batch, parameters = tables.batch(suite)
    texts = [name for name, type_ in tables.columns(f"select * from {suite.table}").items() if type_.lower() in _TEXTS]
    validation = context.validation_definitions.add(
        great_expectations().ValidationDefinition(
            name=suite.name, data=batch, suite=context.suites.add(suite.build(texts))
        )
    )
    # Only the verdicts: counts and keys are asked for where a rule is broken, at half the queries.
    outcome = validation.run(result_format="BOOLEAN_ONLY", batch_parameters=parameters)
    # Results come back grouped by kind; the suite's own order is the one its author chose.
    order = {item.id: position for position, item in enumerate(validation.suite.expectations)}
    outcome.results.sort(key=lambda item: order[item.expectation_config.id if item.expectation_config else None])
    expectations = tuple(_expectation_result(tables, batch, parameters, suite, item) for item in outcome.results)
    result = SuiteResult(suite.name, suite.stage, suite.table, expectations, time.perf_counter() - started)
    as_json: dict[str, Any] = outcome.to_json_dict()  # type: ignore[no-untyped-call]
    return result, as_json


def _expectation_result(
    tables: _Tables, batch: Any, parameters: dict[str, Any], suite: TableSuite, item: ExpectationValidationResult
) -> ExpectationResult:
    config = item.expectation_config
    assert config is not None
    broken = _exception(item)
    counts_rows = "column" in config.kwargs or "unexpected_rows_query" in config.kwargs
    result: dict[str, Any] = {"unexpected_count": 0} if counts_rows else {}
    columns: tuple[str, ...] = ()
    keys: tuple[tuple[str, ...], ...] = ()
    rows: tuple[str, ...] = ()
    if not item.success and not broken:
        result = _details(batch.get_batch(batch_parameters=parameters), suite, config)
        columns, keys = _failing_keys(tables, suite, config, result)
        rows = _failing_rows(tables, suite, columns, keys)
    return ExpectationResult(
        suite=suite.name,
        stage=suite.stage,
        table_name=suite.table,
        column_name=config.kwargs.get("column") or (config.meta or {}).get("column"),
        expectation=str(config.description),
        expectation_type=config.type,
        # An expectation that cannot be evaluated proves nothing: it blocks, whatever its severity.
        severity="critical" if broken else str(config.severity.value if config.severity else "critical"),
        success=bool(item.success),
        observed=broken or _observed(result),
        unexpected_count=None if broken else result.get("unexpected_count"),
        note=_note(config),
        key_columns=columns,
        failing_keys=keys,
        failing_rows=rows,
    )


def _note(config: Any) -> str:
    notes = config.notes
    return notes if isinstance(notes, str) else " ".join(notes or ())


def _exception(item: ExpectationValidationResult) -> str | None:
    """Why the expectation could not be evaluated (first line), or None."""
    info: dict[str, Any] = item.exception_info or {}
    details = [info] if "raised_exception" in info else list(info.values())
    for detail in details:
        if isinstance(detail, dict) and detail.get("raised_exception"):
            return "could not be evaluated: " + str(detail.get("exception_message")).strip().splitlines()[0]
    return None


def _details(batch: Any, suite: TableSuite, config: Any) -> dict[str, Any]:
    """A failed expectation again, with its counts and, for rules about a column, the keys of failing rows."""
    result_format: dict[str, Any] = {"result_format": "BASIC", "partial_unexpected_count": 0}
    if "column" in config.kwargs:
        result_format = {
            "result_format": "SUMMARY",
            "partial_unexpected_count": MAX_FAILING_ROWS,
            "unexpected_index_column_names": list(suite.key),
        }
    details: dict[str, Any] = batch.validate(config.to_domain_obj(), result_format=result_format).result
    return details


def _failing_keys(
    tables: _Tables, suite: TableSuite, config: Any, details: dict[str, Any]
) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Key columns and their values in rows that break the rule, sorted; nothing for rules about the whole table."""
    if "unexpected_rows_query" in config.kwargs:
        query = config.kwargs["unexpected_rows_query"].format(batch=suite.table)
        columns = tuple(tables.columns(query))
        rows = tables.query(f"select * from ({query}) order by all limit {MAX_FAILING_ROWS}")
        return columns, tuple(tuple(map(_key_value, row)) for row in rows)
    found = details.get("partial_unexpected_index_list") or ()
    return suite.key, tuple(sorted(tuple(_key_value(row[name]) for name in suite.key) for row in found))


def _key_value(value: object) -> str:
    """As the engines write it when they cast it to text, so that its row is found again."""
    return _NULL if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _failing_rows(
    tables: _Tables, suite: TableSuite, columns: Sequence[str], keys: Sequence[Sequence[str]]
) -> tuple[str, ...]:
    """The rows of the failing keys as JSON, masked; none where a rule is not about columns of the table."""
    types = tables.columns(f"select * from {suite.table}")
    if not keys or not columns or not set(columns) <= types.keys():
        return ()
    as_text = ", ".join(f"""coalesce(cast("{name}" as string), '{_NULL}')""" for name in columns)
    wanted = ", ".join("(" + ", ".join(literal(value) for value in key) + ")" for key in keys)
    sql = f"select * from {suite.table} where ({as_text}) in ({wanted}) order by {as_text} limit {MAX_FAILING_ROWS}"
    return tuple(
        json.dumps(
            {name: _masked(suite, columns, name, value) for name, value in zip(types, row, strict=True)},
            default=str,
            ensure_ascii=False,
        )
        for row in tables.query(sql)
    )


def _masked(suite: TableSuite, key: Sequence[str], column: str, value: Any) -> Any:
    """The value where it may be shown. A text outside the key may be what leaked."""
    if value is None or column in key:
        return value
    if suite.shown is not None and column not in suite.shown:
        return MASK
    is_leak = suite.impersonal and isinstance(value, str) and re.search(r"@|\d[\d .\-/()]{8,}", value) is not None
    return MASK if is_leak else value


def _observed(result: dict[str, Any]) -> str | None:
    if "element_count" in result:
        return f"{result['unexpected_count']:,} of {_rows(result['element_count'])}"
    value = result.get("observed_value")
    return None if value is None else _rows(int(value))


def _rows(count: int) -> str:
    return f"{count:,} row" if count == 1 else f"{count:,} rows"


def _missing_table(suite: TableSuite) -> SuiteResult:
    missing = ExpectationResult(
        suite=suite.name,
        stage=suite.stage,
        table_name=suite.table,
        column_name=None,
        expectation=f"table {suite.table} exists",
        expectation_type="expect_table_to_exist",
        severity="critical",
        success=False,
        observed="the table is missing",
        unexpected_count=None,
        note="A suite without its table would pass by judging nothing.",
    )
    return SuiteResult(suite.name, suite.stage, suite.table, (missing,), 0.0)
