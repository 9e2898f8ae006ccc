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


def _run(database: Path, *suites: TableSuite, docs: Path | None = None, keep: Path | None = None):
    return run_stage("core", suites, database, title="r1", docs=docs, keep=keep)


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
        "no text is an e-mail address or a phone number",
    ]
    assert [item.success for item in found.values()] == [True, False, False, False, False, False, True, False]
    assert found["no text is an e-mail address or a phone number"].failing_keys == (("email",),)
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

    with duckdb.connect(str(database)) as connection:
        connection.execute("alter table marts.fct_orders drop column email")
    result = _run(database, lenient)
    assert result.passed
    assert [item.sentence() for item in result.warnings] == [
        "marts.fct_orders: expected that revenue is at least 0 (1 of 5 rows, for instance order_id o4)"
    ]


def test_the_reason_is_one_sentence_and_counts_the_rest(database: Path) -> None:
    result = _run(database, broken)
    assert not result.passed
    # Five critical ones fail, the addresses in a mart among them; the negative revenue is a warning.
    assert (
        result.reason
        == "marts.fct_orders: expected that order_id identifies a row (1 row, for instance order_id o2); 4 more failed"
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
    docs, failures = tmp_path / "docs", tmp_path / "quality"
    _run(database, broken, docs=docs, keep=failures)
    rows = pq.read_table(failures / "core_failing_keys.parquet").to_pylist()
    assert {(row["expectation"], row["key_values"]) for row in rows} == {
        ("order_id identifies a row", "o2"),
        ("customer_id is never missing", "o3"),
        ("every customer_id is in marts.dim_customers", "o4"),
        ("channel is one of web, store", "o4"),
        ("revenue is at least 0", "o4"),
        ("no text is an e-mail address or a phone number", "email"),
    }
    written = "".join(file.read_text(encoding="utf-8") for file in docs.rglob("*") if file.is_file())
    for personal in ("example.org", "ghost", "fax"):
        assert personal not in written


def test_failing_rows_are_kept_whole_but_for_what_is_personal(database: Path, tmp_path: Path) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("insert into marts.fct_orders values ('o5', 'ghost', '06 12 34 56 78', 3.00, null)")
    _run(database, broken, keep=tmp_path)
    kept: dict[str, list[dict[str, object]]] = {}
    for row in pq.read_table(tmp_path / "core_failing_rows.parquet").to_pylist():
        kept.setdefault(row["expectation"], []).append(json.loads(row["failing_row"]))
    twice = {"order_id": "o2", "customer_id": "c2", "channel": "store", "revenue": "20.00", "email": "***"}
    assert kept["order_id identifies a row"] == [twice, twice]
    off = {"order_id": "o4", "customer_id": "ghost", "channel": "fax", "revenue": "-1.00", "email": "***"}
    leaked = {"order_id": "o5", "customer_id": "ghost", "channel": "***", "revenue": "3.00", "email": None}
    assert kept["channel is one of web, store"] == [off, leaked]
    assert kept["revenue is at least 0"] == [off]
    # Of a rule about a column as a whole there is no row to show.
    assert "no text is an e-mail address or a phone number" not in kept


def test_of_a_raw_table_only_the_columns_named_are_shown(database: Path, tmp_path: Path) -> None:
    def rules() -> list[object]:
        return [one_of("channel", ["web", "store"], note="reports")]

    shown = frozenset({"order_id", "channel"})
    _run(
        database,
        TableSuite("core", "marts.fct_orders", ("order_id",), "Orders.", rules, shown=shown, impersonal=False),
        keep=tmp_path,
    )
    (row,) = pq.read_table(tmp_path / "core_failing_rows.parquet")["failing_row"].to_pylist()
    assert json.loads(row) == {
        "order_id": "o4",
        "customer_id": "***",
        "channel": "fax",
        "revenue": "***",
        "email": "***",
    }


def test_rows_are_found_by_keys_that_are_null_or_boolean(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create schema marts; create table marts.kpi_nps (store_id varchar, is_buyer boolean, nps integer);"
            "insert into marts.kpi_nps values (null, true, 101), ('s1', false, 102), ('s1', true, 100)"
        )

    @table_suite("core", "marts.kpi_nps", key=["store_id", "is_buyer"])
    def too_high() -> list[object]:
        """One row per store and kind of customer."""
        return [between("nps", -100, 100, note="scale")]

    item = run_stage("core", [too_high], path, title="r1").failures[0]
    assert item.failing_keys == (("null", "true"), ("s1", "false"))
    assert sorted(json.loads(row)["nps"] for row in item.failing_rows) == [101, 102]
    assert item.sentence().endswith("for instance store_id null, is_buyer true)")


def test_a_thousand_rows_are_kept_of_more(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.fct_orders as select i as order_id, -1 as revenue from range(1500) t(i)")

    @table_suite("core", "marts.fct_orders", key=["order_id"])
    def negative() -> list[object]:
        """One row per order."""
        return [between("revenue", 0, note="sign")]

    (item,) = run_stage("core", [negative], path, title="r1", keep=tmp_path).expectations
    assert (item.unexpected_count, len(item.failing_keys), len(item.failing_rows)) == (1500, 1000, 1000)


@pytest.mark.parametrize(
    ("text", "is_personal"),
    [
        ("anne.martin@example.fr", True),
        ("call +33 6 12 34 56 78", False),  # a text around it; free text is no column of a mart
        ("+33612345678", True),
        ("+33 6 12 34 56 78", True),
        ("06.12.34.56.78", True),
        ("0612345678", True),
        ("2026-10-31", False),
        ("0001", False),
        ("c_0612345678", False),
        ("12:30", False),
        ("email > sms", False),
    ],
)
def test_what_looks_like_a_person_keeps_a_table_back(tmp_path: Path, text: str, is_personal: bool) -> None:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.fct_orders as select 1 as order_id, cast(? as varchar) as note", [text])

    @table_suite("core", "marts.fct_orders", key=["order_id"])
    def orders() -> list[object]:
        """One row per order."""
        return [row_count(note="x")]

    assert run_stage("core", [orders], path, title="r1").passed is not is_personal


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
    assert first.num_rows == 8
    assert first.equals(second)


def test_a_missing_database_names_the_stage_and_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"core gate: no database at .*; run the pipeline up to this stage"):
        _run(tmp_path / "none.duckdb", broken)
