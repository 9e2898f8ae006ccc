"""Landing suites over a tiny lake written by hand: what they let through and what they name."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from dagster_project.warehouse import DuckDBWarehouse, RawTable
from data_quality.contract import Contract, load_contract
from data_quality.results import ExpectationResult
from data_quality.runner import run_stage
from data_quality.suites.landing import suites

CONTRACT = """
apiVersion: v3.1.0
kind: DataContract
id: visits
name: Visits
version: 1.0.0
status: active
servers: [{server: landing, type: local, path: landing/visits, format: csv}]
schema:
  - name: visits
    logicalType: object
    properties:
      - {name: visit_id, physicalName: id, logicalType: string, physicalType: VARCHAR, description: Key.,
         required: true, primaryKey: true, primaryKeyPosition: 1, classification: personal}
      - name: kind
        logicalType: string
        physicalType: VARCHAR
        description: Kind.
        classification: public
        quality: [{type: library, metric: invalidValues, arguments: {validValues: [walk, "d'été"]}, mustBe: 0}]
      - {name: guests, logicalType: integer, physicalType: INTEGER, description: Guests., classification: public,
         logicalTypeOptions: {minimum: 1, maximum: 9}}
slaProperties:
  - {property: frequency, value: 7, unit: d}
  - {property: latency, value: 2, unit: d}
  - {property: retention, value: 1, unit: y}
customProperties:
  - {property: filePattern, value: '^visits_(?P<date>\\d{8})\\.csv$'}
  - {property: delivery, value: increment}
"""
GOOD = [("v1", "walk", 1), ("v2", "d'été", 9), ("v3", None, None)]


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    file = tmp_path / "visits.odcs.yaml"
    file.write_text(CONTRACT, encoding="utf-8")
    return load_contract(file)


def _run(
    tmp_path: Path,
    contract: Contract,
    rows: list[tuple[str | None, str | None, int | None]],
    *,
    counted: int | None = None,
    quarantined: int = 0,
    as_of: dt.date = dt.date(2026, 10, 9),
    before: dict[dt.date, int] | None = None,
) -> dict[str, ExpectationResult]:
    """Judge `rows` as one delivery of 1 October 2026, of which ingestion counted `counted`; failures by the first words
    of their rule."""
    folder = tmp_path / "raw" / "visits" / "ds=2026-10-01" / "delivery=visits_20261001"
    folder.mkdir(parents=True)
    table = pa.table(
        {
            "visit_id": pa.array([row[0] for row in rows], pa.string()),
            "kind": pa.array([row[1] for row in rows], pa.string()),
            "guests": pa.array([row[2] for row in rows], pa.int32()),
            "_file": pa.array(["visits/2026-10-02/visits_20261001.csv"] * len(rows)),
            "_line": pa.array(range(2, len(rows) + 2), pa.int64()),
        }
    )
    with duckdb.connect() as connection:
        connection.register("incoming", table)
        connection.execute(f"copy incoming to '{folder / 'part.parquet'}' (format parquet)")
    loaded = len(rows) if counted is None else counted
    history = before or {}
    deliveries = pa.table(
        {
            "extract": ["visits"] * (1 + len(history)),
            "business_date": [dt.date(2026, 10, 1), *history],
            "rows_read": [loaded + quarantined, *history.values()],
            "rows_loaded": [loaded, *history.values()],
            "rows_quarantined": [quarantined, *([0] * len(history))],
            "is_current": [True] * (1 + len(history)),
        }
    )
    warehouse = DuckDBWarehouse(tmp_path / "warehouse.duckdb")
    warehouse.load(RawTable("visits", tmp_path / "raw" / "visits", contract.layout, {"2026-10": "loaded"}))
    warehouse.write_all("pipeline", {"deliveries": deliveries})
    suite = suites([contract], as_of=as_of, max_rejected_share=0.02, usual_times=3, min_rows=100)
    judged = run_stage("landing", suite, warehouse.judged(), title="test").expectations
    return {item.expectation.split(":")[0]: item for item in judged if not item.success}


def test_a_delivery_that_keeps_its_contract_passes(tmp_path: Path, contract: Contract) -> None:
    assert _run(tmp_path, contract, GOOD) == {}


def test_what_slipped_through_is_named_by_file_line_and_column_never_by_its_key(
    tmp_path: Path, contract: Contract
) -> None:
    failed = _run(tmp_path, contract, [*GOOD, (None, "walk", 1), ("v5", "run", 1), ("v6", "walk", 10), ("v1", None, 2)])
    file = "visits/2026-10-02/visits_20261001.csv"
    # Rows stand in lines 2 to 8: line 5 lacks its key, 6 is off the list, 7 off the bounds, 8 repeats line 2.
    assert failed["required columns are never missing"].failing_keys == ((file, "5", "visit_id"),)
    assert failed["values keep to the contract's lists and bounds"].failing_keys == (
        (file, "6", "kind"),
        (file, "7", "guests"),
    )
    assert failed["visit_id identifies a row within its delivery"].failing_keys == ((file, "2"),)
    assert len(failed) == 3


def test_rows_lost_between_ingestion_and_lake_are_critical(tmp_path: Path, contract: Contract) -> None:
    failed = _run(tmp_path, contract, GOOD, counted=4)
    (lost,) = failed.values()
    assert lost.severity == "critical"
    assert (lost.key_columns, lost.failing_keys) == (("rows_counted", "rows_held"), (("4", "3"),))


def test_silence_and_decline_are_warnings(tmp_path: Path, contract: Contract) -> None:
    # One row of four was refused, and a weekly extract that may be 2 days late is silent since 1 October.
    failed = _run(tmp_path, contract, GOOD, quarantined=1, as_of=dt.date(2026, 10, 11))
    assert {item.severity for item in failed.values()} == {"warning"}
    assert [item.failing_keys for item in failed.values()] == [(("1", "4"),), (("2026-10-01",),)]


def test_a_weekly_extract_is_fresh_on_its_last_permitted_day(tmp_path: Path, contract: Contract) -> None:
    assert _run(tmp_path, contract, GOOD, as_of=dt.date(2026, 10, 10)) == {}


@pytest.mark.parametrize(
    ("weeks", "is_told"),
    [
        ([100, 120, 110, 90], True),  # three rows where a hundred are usual
        ([100, 120, 110], True),
        ([100, 120], False),  # two weeks say nothing
        ([99, 120, 90, 10], False),  # the median is below 100
    ],
)
def test_half_a_file_is_told_by_the_weeks_before(
    tmp_path: Path, contract: Contract, weeks: list[int], is_told: bool
) -> None:
    """Three rows on Thursday 1 October; other weekdays do not count."""
    thursdays = {dt.date(2026, 10, 1) - dt.timedelta(days=7 * week): rows for week, rows in enumerate(weeks, start=1)}
    others = {dt.date(2026, 9, 30): 1, dt.date(2026, 9, 27): 100_000}
    held = sum(thursdays.values()) + sum(others.values())
    failed = _run(tmp_path, contract, GOOD, before=thursdays | others)
    lost = failed.pop("the lake holds the rows ingestion counted as loaded")
    assert lost.failing_keys == ((str(3 + held), "3"),)  # the weeks before were counted, and are not in the lake
    assert [item.severity for item in failed.values()] == ["warning"] * is_told
