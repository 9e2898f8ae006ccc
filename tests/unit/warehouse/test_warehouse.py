"""Reading and writing the warehouse file, and saying who holds it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from lake_tools import LEFT, deliver, load_month_by_month

from dagster_project.warehouse import DuckDBWarehouse, RawTable, WarehouseBusy, WarehouseError


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    return DuckDBWarehouse(tmp_path / "warehouse" / "warehouse.duckdb")


def test_a_table_is_written_and_read_back_with_its_types(warehouse: DuckDBWarehouse) -> None:
    table = pa.table({"id": [1, 2], "names": [["a"], None]})
    warehouse.write_all("identity", {"links": table})
    assert warehouse.table("identity", "links").equals(table)
    assert warehouse.read("select id from identity.links where id > ?", [1]).to_pylist() == [{"id": 2}]
    assert warehouse.tables("identity") == ["links"]


def test_writing_replaces_a_table_whole(warehouse: DuckDBWarehouse) -> None:
    warehouse.write_all("identity", {"links": pa.table({"id": [1, 2]})})
    warehouse.write_all("identity", {"links": pa.table({"other": ["x"]})})
    assert warehouse.table("identity", "links").to_pylist() == [{"other": "x"}]


def test_several_tables_are_replaced_together_or_not_at_all(warehouse: DuckDBWarehouse) -> None:
    warehouse.write_all("identity", {"one": pa.table({"id": [1]}), "two": pa.table({"id": [1]})})
    clashing = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])
    with pytest.raises(duckdb.Error):
        warehouse.write_all("identity", {"one": pa.table({"id": [9]}), 'tw"o': clashing, "two": "no table"})  # type: ignore[dict-item]
    assert warehouse.tables("identity") == ["one", "two"]
    assert warehouse.table("identity", "one").to_pylist() == [{"id": 1}]


def test_the_read_only_connection_cannot_write(warehouse: DuckDBWarehouse) -> None:
    warehouse.write_all("identity", {"links": pa.table({"id": [1]})})
    with warehouse.read_only() as connection, pytest.raises(duckdb.InvalidInputException, match="read-only"):
        connection.execute("create table t (i integer)")


def test_the_file_is_free_for_others_after_each_call(warehouse: DuckDBWarehouse) -> None:
    warehouse.write_all("identity", {"links": pa.table({"id": [1]})})
    warehouse.table("identity", "links")
    with duckdb.connect(str(warehouse.path), config={"threads": 1}) as other:
        assert other.execute("select id from identity.links").fetchall() == [(1,)]


def test_an_absent_warehouse_and_an_absent_table_are_named(warehouse: DuckDBWarehouse) -> None:
    assert warehouse.tables("identity") == []
    with pytest.raises(WarehouseError, match="there is no warehouse yet"):
        warehouse.table("identity", "links")
    warehouse.write_all("identity", {"links": pa.table({"id": [1]})})
    with pytest.raises(WarehouseError, match=r"no table identity\.history; tables of identity: links"):
        warehouse.table("identity", "history")


def test_the_lake_is_loaded_month_by_month(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    assert load_month_by_month(warehouse, tmp_path / "visits") == LEFT


def test_a_lake_in_a_folder_of_any_name_is_loaded(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    """`[1]`, `*` and `?` are signs of patterns to what reads files."""
    assert load_month_by_month(warehouse, tmp_path / "l'été [1] a*b?" / "visits") == LEFT


def test_folders_above_the_lake_are_no_columns_of_it(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    folder = tmp_path / "env=production" / "id=9" / "visits"
    assert load_month_by_month(warehouse, folder) == LEFT
    assert warehouse.table("raw", "visits").column_names == ["id", "_line", "guests", "delivery", "ds", "ds_month"]


def test_a_load_that_fails_leaves_the_table_as_it_was(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    deliver(tmp_path, "2026-01-31", "7", ["a"])
    warehouse.load(RawTable("visits", tmp_path, "x", {"2026-01": "x"}))
    before = warehouse.table("raw", "visits")
    (tmp_path / "ds=2026-01-31" / "delivery=7" / "part.parquet").write_bytes(b"no parquet")
    for layout in ("x", "y"):
        with pytest.raises(duckdb.Error, match=r"part\.parquet"):
            warehouse.load(RawTable("visits", tmp_path, layout, {"2026-01": "y"}))
    assert warehouse.table("raw", "visits").equals(before)


def test_a_view_that_an_earlier_version_left_gives_way_to_the_table(warehouse: DuckDBWarehouse, tmp_path: Path) -> None:
    with warehouse.writer() as connection:
        connection.execute("create schema raw; create view raw.visits as select 1 as one")
    deliver(tmp_path, "2026-01-31", "7", ["a"])
    warehouse.load(RawTable("visits", tmp_path, "x", {"2026-01": "x"}))
    assert warehouse.table("raw", "visits")["id"].to_pylist() == ["a"]


def test_a_file_held_by_another_process_is_busy(warehouse: DuckDBWarehouse) -> None:
    warehouse.write_all("identity", {"links": pa.table({"id": [1]})})
    script = (
        f"import duckdb, sys; c = duckdb.connect({str(warehouse.path)!r}); print('open', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "open\n"
        with pytest.raises(WarehouseBusy, match="another process holds this file"):
            warehouse.write_all("identity", {"links": pa.table({"id": [2]})})
        with pytest.raises(WarehouseBusy):
            warehouse.table("identity", "links")
        holder.communicate("")


def test_a_connection_left_open_in_this_process_is_told_apart_from_another_process(warehouse: DuckDBWarehouse) -> None:
    warehouse.write_all("identity", {"links": pa.table({"id": [1]})})
    with warehouse.writer(), pytest.raises(WarehouseError, match="this process has the file open") as caught:
        warehouse.table("identity", "links")
    assert not isinstance(caught.value, WarehouseBusy)


def test_a_file_that_is_no_database_is_named(warehouse: DuckDBWarehouse) -> None:
    warehouse.path.parent.mkdir(parents=True)
    warehouse.path.write_text("not a database")
    with pytest.raises(WarehouseError, match=r"warehouse\.duckdb: cannot be opened"):
        warehouse.read("select 1")
