"""The warehouse on Spark: what goes in as Arrow comes out the same, for rooms, publishing and the gate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
from lake_tools import LEFT, load_month_by_month

from dagster_project.settings import Spark
from dagster_project.warehouse import DuckDBWarehouse, WarehouseError
from dagster_project.warehouse.duckdb_session import session
from dagster_project.warehouse.spark_session import missing, properties
from dagster_project.warehouse.spark_warehouse import SparkWarehouse
from data_quality.runner import run_stage
from data_quality.suites.vocabulary import between, holds, not_null, one_of, references, table_suite, unique

pytestmark = [
    pytest.mark.skipif(missing() is not None, reason=str(missing())),
    # Deprecations within pyspark and the gate's library are not ours.
    pytest.mark.filterwarnings("ignore"),
]

ORDERS = pa.table(
    {
        "order_id": pa.array(["o1", "o2", "o3"]),
        "customer_id": pa.array(["élodie", "unknown", None]),
        "ordered_at": pa.array([1_774_747_800_123_456, -1, None], pa.timestamp("us")),
        "ordered_date": pa.array([dt.date(2026, 3, 29), dt.date(1970, 1, 1), None]),
        "net_revenue": pa.array([Decimal("12.3456"), Decimal("-0.0001"), None], pa.decimal128(18, 4)),
        "quantity": pa.array([1, 2**40, None], pa.int64()),
        "position": pa.array([1, -2, None], pa.int32()),
        "share": pa.array([0.1, 1e-300, None], pa.float64()),
        "is_first": pa.array([True, False, None]),
        "channels": pa.array([["web", "store"], [], None], pa.list_(pa.string())),
    }
)


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkWarehouse]:
    # Folders of such names are no columns, although `id=9` would be one over those of the lake and of `by_month`.
    folder = tmp_path_factory.mktemp("spark") / "id=9" / "env=production"
    # What a process leaves that was killed while it wrote a table.
    for left in ("marts.db/orders/_temporary/0", "spill/blockmgr-1"):
        (folder / left).mkdir(parents=True)
        (folder / left / "part.parquet").write_bytes(b"half")
    built = SparkWarehouse(folder, Spark(master="local[1]", config={"spark.driver.memory": "1g"}))
    built.write_all("marts", {"orders": ORDERS, "none": ORDERS.slice(0, 0)})
    yield built
    built.session.stop()


def test_every_type_comes_back_as_it_went_in(warehouse: SparkWarehouse) -> None:
    found = warehouse.table("marts", "orders").sort_by("order_id")
    assert found.schema.types == ORDERS.schema.types
    assert found.to_pylist() == ORDERS.to_pylist()
    assert warehouse.table("marts", "none").schema.types == ORDERS.schema.types


def test_what_a_killed_process_left_is_gone(warehouse: SparkWarehouse) -> None:
    assert not (warehouse.folder / "marts.db" / "orders" / "_temporary").exists()
    assert not (warehouse.folder / "spill" / "blockmgr-1").exists()


def test_tables_are_listed_and_counted_and_views_are_not_counted(warehouse: SparkWarehouse) -> None:
    warehouse.session.sql("create or replace view marts.a_view as select 1 as one")
    assert warehouse.tables("marts") == ["a_view", "none", "orders"]
    assert warehouse.tables("nowhere") == []
    asked = [("marts", "orders"), ("marts", "none"), ("marts", "a_view"), ("nowhere", "orders")]
    assert warehouse.rows(asked) == {("marts", "orders"): 3, ("marts", "none"): 0}


def test_writing_replaces_a_table_whole(warehouse: SparkWarehouse) -> None:
    warehouse.write_all("identity", {"links": pa.table({"id": [1, 2]})})
    warehouse.write_all("identity", {"links": pa.table({"other": ["x"]})})
    assert warehouse.table("identity", "links").to_pylist() == [{"other": "x"}]


def test_an_absent_table_is_named_with_those_that_are_there(warehouse: SparkWarehouse) -> None:
    with pytest.raises(WarehouseError, match=r"no table marts\.carts; tables of marts: .*orders"):
        warehouse.table("marts", "carts")


def test_the_lake_is_loaded_month_by_month(warehouse: SparkWarehouse, tmp_path: Path) -> None:
    assert load_month_by_month(warehouse, tmp_path / "id=9" / "visits") == LEFT


def test_publishing_reads_partitions_in_place(warehouse: SparkWarehouse) -> None:
    """A partition's column is in the folders' names, not in the files."""
    warehouse.session.sql(
        "create or replace temp view incoming as select * from values "
        "('a', date '2026-01-01'), ('b', date '2026-02-01'), ('c', cast(null as date)) as rows (id, month)"
    )
    warehouse.session.sql("drop table if exists facts.by_month")
    warehouse.session.sql("create schema if not exists facts")
    warehouse.session.sql("create table facts.by_month using parquet partitioned by (month) as select * from incoming")
    with session() as connection:
        warehouse.attach(connection, "source", "facts")
        rows = connection.execute("select id, month from source.facts.by_month order by id").fetchall()
        # Further schemas come under the same name, and only the tables that are asked for.
        warehouse.session.sql("create schema if not exists more")
        for table in ("wanted", "other"):
            warehouse.session.sql(f"drop table if exists more.{table}")
            warehouse.session.sql(f"create table more.{table} using parquet as select 7 as a")
        warehouse.attach(connection, "source", "more", ["wanted"])
        seven = connection.execute("select a from source.more.wanted").fetchall()
        listed = connection.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = 'source'"
        ).fetchall()
    assert rows == [("a", dt.date(2026, 1, 1)), ("b", dt.date(2026, 2, 1)), ("c", None)]
    assert seven == [(7,)]
    assert set(listed) == {("facts", "by_month"), ("more", "wanted")}


@table_suite("core", "marts.orders", key=["order_id"])
def suite() -> list[object]:
    """Rules of every kind, each broken by some rows."""
    return [
        not_null("customer_id", note="n"),
        one_of("customer_id", ["unknown"], note="n"),
        between("share", 0.05, 1, note="n"),
        unique(["is_first"], note="n"),
        unique(["order_id"], note="n"),
        references("customer_id", "marts.none", "order_id", "customer_id", note="n"),
        holds("net_revenue > 0", key=["order_id"], says="it is positive", note="n"),
        between("no_such_column", 0, 1, note="n"),
    ]


def test_the_gate_judges_as_on_duckdb(warehouse: SparkWarehouse, tmp_path: Path) -> None:
    other = DuckDBWarehouse(tmp_path / "warehouse.duckdb")
    other.write_all("marts", {"orders": ORDERS, "none": ORDERS.slice(0, 0)})

    def verdicts(source: object) -> list[tuple[object, ...]]:
        result = run_stage("core", [suite], source, title="test")  # type: ignore[arg-type]
        return [
            (item.expectation, item.success, item.severity, item.unexpected_count, item.key_columns, item.failing_keys)
            for item in result.expectations
        ]

    on_spark = verdicts(warehouse.judged())
    assert on_spark == verdicts(other.judged())
    # The last one is in every suite of a table that tells of nobody.
    assert [success for _, success, *_ in on_spark] == [False, False, False, True, True, False, False, False, True]


def test_settings_win_over_the_properties_of_ours(tmp_path: Path) -> None:
    plain = properties(tmp_path, Spark(master="local[*]", config={}))
    changed = properties(tmp_path, Spark(master="yarn", config={"spark.sql.session.timeZone": "Asia/Tokyo", "a": 1}))
    assert plain["spark.sql.session.timeZone"] == "UTC"
    assert (changed["spark.sql.session.timeZone"], changed["a"]) == ("Asia/Tokyo", "1")
    assert "spark.driver.memory" not in changed
