"""The gate's runner over a tiny warehouse whose defects are known row by row."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from data_quality.results import RESULT_SCHEMA, to_arrow
from data_quality.runner import run_stage
from data_quality.suites.vocabulary import (
    TableSuite,
    between,
    holds,
    not_null,
    one_of,
    references,
    row_count,
    table_suite,
    unique,
)

# order o2 twice; o3 without customer; o4 of customer 'ghost' who is not in the dimension, in channel 'fax', at -1.00.
ORDERS = """
    create schema marts;
    create table marts.dim_customers as select unnest(['c1', 'c2', 'unknown']) as customer_id;
    create table marts.fct_orders (order_id varchar, customer_id varchar, channel varchar, revenue decimal(18, 2),
                                   email varchar);
    insert into marts.fct_orders values
        ('o1', 'c1', 'web', 10.00, 'ada@example.org'),
        ('o2', 'c2', 'store', 20.00, 'grace@example.org'),
        ('o2', 'c2', 'store', 20.00, 'grace@example.org'),
        ('o3', null, 'web', 5.00, 'lise@example.org'),
        ('o4', 'ghost', 'fax', -1.00, 'emmy@example.org');
"""


@table_suite("core", "marts.fct_orders", key=["order_id"])
def broken() -> list[object]:
    """One row per order."""
    return [
        row_count(note="there are orders"),
        unique(["order_id"], note="grain"),
        not_null("customer_id", note="joins"),
        references("customer_id", "marts.dim_customers", "order_id", "customer_id", note="joins"),
        one_of("channel", ["web", "store"], note="reports"),
        between("revenue", 0, note="sign", severity="warning"),
        holds("email is not null", key=["order_id"], says="there is an address", note="to write to"),
    ]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(ORDERS)
    return path


def _run(database: Path, *suites: TableSuite, docs: Path | None = None, keys: Path | None = None):
    return run_stage("core", suites, database, title="r1", docs=docs, failing_keys=keys)


def test_each_expectation_reports_its_own_defect_by_key(database: Path) -> None:
    result = _run(database, broken)
    found = {item.expectation: item for item in result.expectations}
    assert list(found) == [
        "the table holds at least 1 rows",
        "order_id identifies a row",
        "customer_id is never missing",
        "every customer_id is in marts.dim_customers",
        "channel is one of web, store",
        "revenue is at least 0",
        "there is an address",
    ]
    assert [item.success for item in found.values()] == [True, False, False, False, False, False, True]
    assert found["order_id identifies a row"].failing_keys == (("o2",),)
    assert found["customer_id is never missing"].failing_keys == (("o3",),)
    assert found["every customer_id is in marts.dim_customers"].failing_keys == (("o4",),)
    assert found["channel is one of web, store"].failing_keys == (("o4",),)
    assert found["channel is one of web, store"].observed == "1 of 5 rows"
    assert found["channel is one of web, store"].unexpected_count == 1


def test_a_warning_is_reported_and_does_not_fail_the_gate(database: Path) -> None:
    @table_suite("core", "marts.fct_orders", key=["order_id"])
    def lenient() -> list[object]:
        """One row per order."""
        return [between("revenue", 0, note="sign", severity="warning")]

    result = _run(database, lenient)
    assert result.passed
    assert [item.sentence() for item in result.warnings] == [
        "marts.fct_orders: expected that revenue is at least 0 (1 of 5 rows, for instance order_id o4)"
    ]


def test_the_reason_is_one_sentence_and_counts_the_rest(database: Path) -> None:
    result = _run(database, broken)
    assert not result.passed
    # Four critical ones fail; the negative revenue is a warning.
    assert (
        result.reason
        == "marts.fct_orders: expected that order_id identifies a row (1 row, for instance order_id o2); 3 more failed"
    )


def test_a_missing_table_or_column_fails_rather_than_passing_unjudged(database: Path) -> None:
    @table_suite("core", "marts.fct_nothing", key=["id"])
    def absent() -> list[object]:
        """No such table."""
        return [row_count(note="x")]

    @table_suite("core", "marts.dim_customers", key=["customer_id"])
    def renamed() -> list[object]:
        """A column that was renamed."""
        return [not_null("id", note="x", severity="warning")]

    result = _run(database, absent, renamed)
    assert not result.passed
    missing_table, missing_column = result.failures
    assert missing_table.sentence() == (
        "marts.fct_nothing: expected that table marts.fct_nothing exists (the table is missing)"
    )
    assert missing_column.severity == "critical"
    assert "could not be evaluated" in str(missing_column.observed)


def test_failing_keys_and_docs_hold_keys_and_counts_but_no_other_value(database: Path, tmp_path: Path) -> None:
    docs, keys = tmp_path / "docs", tmp_path / "quality" / "failing_keys.parquet"
    _run(database, broken, docs=docs, keys=keys)
    rows = pq.read_table(keys).to_pylist()
    assert {(row["expectation"], row["key_values"]) for row in rows} == {
        ("order_id identifies a row", "o2"),
        ("customer_id is never missing", "o3"),
        ("every customer_id is in marts.dim_customers", "o4"),
        ("channel is one of web, store", "o4"),
        ("revenue is at least 0", "o4"),
    }
    written = "".join(file.read_text(encoding="utf-8") for file in docs.rglob("*") if file.is_file())
    for personal in ("example.org", "ghost", "fax"):
        assert personal not in written


def test_docs_open_without_a_network_and_lead_with_what_failed(database: Path, tmp_path: Path) -> None:
    @table_suite("core", "marts.dim_customers", key=["customer_id"])
    def healthy() -> list[object]:
        """One row per customer."""
        return [unique(["customer_id"], note="grain & <order>")]

    result = _run(database, healthy, broken, docs=tmp_path)
    assert result.docs == tmp_path / "index.html"
    index = result.docs.read_text(encoding="utf-8")
    assert index.index("marts.fct_orders") < index.index("marts.dim_customers")
    pages = "".join(page.read_text(encoding="utf-8") for page in tmp_path.rglob("*.html"))
    assert "http" not in pages
    assert "grain &amp; &lt;order&gt;" in pages


def test_a_stage_run_again_replaces_its_pages_and_keeps_the_others(database: Path, tmp_path: Path) -> None:
    @table_suite("marts", "marts.dim_customers", key=["customer_id"])
    def other_stage() -> list[object]:
        """Judged at another stage."""
        return [row_count(note="x")]

    _run(database, broken, docs=tmp_path)
    run_stage("marts", [other_stage], database, title="r1", docs=tmp_path)
    run_stage("core", [], database, title="r2", docs=tmp_path)
    assert not (tmp_path / "core" / "fct_orders.html").exists()
    assert (tmp_path / "marts" / "dim_customers.html").exists()
    assert json.loads((tmp_path / "core" / "summary.json").read_text())["title"] == "r2"


def test_the_database_is_free_for_a_writer_afterwards(database: Path) -> None:
    _run(database, broken)
    with duckdb.connect(str(database)) as connection:
        added = connection.execute("insert into marts.dim_customers values ('c9')").fetchone()
    assert added == (1,)


def test_results_become_one_row_per_expectation_and_two_runs_agree(database: Path) -> None:
    first = to_arrow([_run(database, broken)])
    second = to_arrow([_run(database, broken)])
    assert first.schema == RESULT_SCHEMA
    assert first.num_rows == 7
    assert first.equals(second)


def test_a_missing_database_names_the_stage_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"core gate: no database at .*; run the pipeline up to this stage"):
        _run(tmp_path / "none.duckdb", broken)
