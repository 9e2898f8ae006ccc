"""What a gate run found, as values: one row per expectation, and the sentences people read when it fails."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

RESULT_SCHEMA = pa.schema(
    [
        pa.field("suite", pa.string(), nullable=False),
        pa.field("stage", pa.string(), nullable=False),
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("column_name", pa.string()),
        pa.field("expectation", pa.string(), nullable=False),
        pa.field("expectation_type", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("success", pa.bool_(), nullable=False),
        pa.field("observed", pa.string()),
        pa.field("unexpected_count", pa.int64()),
        pa.field("note", pa.string(), nullable=False),
    ]
)
FAILING_KEY_SCHEMA = pa.schema(
    [
        pa.field("suite", pa.string(), nullable=False),
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("expectation", pa.string(), nullable=False),
        pa.field("key_columns", pa.string(), nullable=False),
        pa.field("key_values", pa.string(), nullable=False),
    ]
)
FAILING_ROW_SCHEMA = pa.schema(
    [
        pa.field("suite", pa.string(), nullable=False),
        pa.field("table_name", pa.string(), nullable=False),
        pa.field("expectation", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("failing_row", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class ExpectationResult:
    """One expectation of one run. `unexpected_count` counts rows (NULL where the rule is about the whole table).

    `failing_keys` holds values of `key_columns`, `failing_rows` the rows of those keys as JSON with what is personal
    masked; of either at most the runner's limit.
    """

    suite: str
    stage: str
    table_name: str
    column_name: str | None
    expectation: str
    expectation_type: str
    severity: str
    success: bool
    observed: str | None
    unexpected_count: int | None
    note: str
    key_columns: tuple[str, ...] = ()
    failing_keys: tuple[tuple[str, ...], ...] = ()
    failing_rows: tuple[str, ...] = ()

    def sentence(self) -> str:
        """What failed, where and by how much, on one line."""
        found = [self.observed] if self.observed else []
        if self.failing_keys:
            key = zip(self.key_columns, self.failing_keys[0], strict=True)
            found.append("for instance " + ", ".join(f"{name} {value}" for name, value in key))
        detail = f" ({', '.join(found)})" if found else ""
        return f"{self.table_name}: expected that {self.expectation}{detail}"


@dataclass(frozen=True)
class SuiteResult:
    """The expectations of one suite in the order they were written; `seconds` is wall time."""

    suite: str
    stage: str
    table_name: str
    expectations: tuple[ExpectationResult, ...]
    seconds: float

    @property
    def failures(self) -> tuple[ExpectationResult, ...]:
        return tuple(item for item in self.expectations if not item.success and item.severity == "critical")

    @property
    def warnings(self) -> tuple[ExpectationResult, ...]:
        return tuple(item for item in self.expectations if not item.success and item.severity != "critical")

    @property
    def passed(self) -> bool:
        return not self.failures


@dataclass(frozen=True)
class GateResult:
    """One stage's suites. `docs` is the Data Docs index, where written."""

    stage: str
    suites: tuple[SuiteResult, ...]
    seconds: float
    docs: Path | None = None

    @property
    def passed(self) -> bool:
        """No critical expectation failed."""
        return all(suite.passed for suite in self.suites)

    @property
    def expectations(self) -> tuple[ExpectationResult, ...]:
        return tuple(item for suite in self.suites for item in suite.expectations)

    @property
    def failures(self) -> tuple[ExpectationResult, ...]:
        return tuple(item for suite in self.suites for item in suite.failures)

    @property
    def warnings(self) -> tuple[ExpectationResult, ...]:
        return tuple(item for suite in self.suites for item in suite.warnings)

    @property
    def reason(self) -> str:
        """One sentence: why the gate failed, or that it passed."""
        failures = self.failures
        if not failures:
            return f"{self.stage}: {len(self.expectations)} expectations passed"
        more = f"; {len(failures) - 1} more failed" if len(failures) > 1 else ""
        return f"{failures[0].sentence()}{more}"


def to_arrow(results: Iterable[GateResult]) -> pa.Table:
    """`data_quality_results`: one row per expectation, sorted by suite, then in the order written. No times, so that
    two runs over the same data give the same table."""
    rows = [
        {name: getattr(item, name) for name in RESULT_SCHEMA.names}
        for suite in sorted((suite for result in results for suite in result.suites), key=lambda s: s.suite)
        for item in suite.expectations
    ]
    return pa.Table.from_pylist(rows, schema=RESULT_SCHEMA)


def write_results(folder: Path, result: GateResult) -> None:
    """`<stage>_results.parquet`, one row per expectation, `<stage>_failing_keys.parquet` and
    `<stage>_failing_rows.parquet`, one row per failing key or row. They are replaced, by empty tables when nothing
    failed: a file always tells of the latest run."""
    keys = [
        {
            "suite": item.suite,
            "table_name": item.table_name,
            "expectation": item.expectation,
            "key_columns": ", ".join(item.key_columns),
            "key_values": ", ".join(key),
        }
        for item in result.expectations
        for key in item.failing_keys
    ]
    rows = [
        {
            "suite": item.suite,
            "table_name": item.table_name,
            "expectation": item.expectation,
            "severity": item.severity,
            "failing_row": row,
        }
        for item in result.expectations
        for row in item.failing_rows
    ]
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in {
        "failing_keys": pa.Table.from_pylist(keys, schema=FAILING_KEY_SCHEMA),
        "failing_rows": pa.Table.from_pylist(rows, schema=FAILING_ROW_SCHEMA),
        "results": to_arrow([result]),
    }.items():
        path = _file(folder, result.stage, name)
        # A run that is killed here leaves no half of a file.
        pq.write_table(table, path.with_suffix(".part"))
        path.with_suffix(".part").replace(path)


@dataclass(frozen=True)
class StageResults:
    """What the gate of a stage said when it last ran: `expectations` has one row per expectation, `failing_rows` up to
    the runner's limit for each that failed."""

    stage: str
    judged_at: dt.datetime
    expectations: pa.Table
    failing_rows: pa.Table


def judged_at(folder: Path, stage: str) -> dt.datetime | None:
    """When the gate of a stage last ran, in UTC; None before its first run."""
    path = _file(folder, stage, "results")
    return dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC) if path.exists() else None


def read_results(folder: Path, stage: str) -> StageResults | None:
    """None before the stage's first run."""
    if (when := judged_at(folder, stage)) is None:
        return None
    expectations, rows = (pq.read_table(_file(folder, stage, name)) for name in ("results", "failing_rows"))
    return StageResults(stage, when, expectations, rows)


def read_expectations(folder: Path, stages: Iterable[str]) -> pa.Table:
    """What the gate last said of all these stages, one row per expectation, sorted by suite. Raises FileNotFoundError
    when one of them was never judged."""
    found = pa.concat_tables(pq.read_table(_file(folder, stage, "results")) for stage in stages)
    return found.sort_by([("suite", "ascending")])


def _file(folder: Path, stage: str, name: str) -> Path:
    return folder / f"{stage}_{name}.parquet"
