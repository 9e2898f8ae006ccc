"""A lake of one extract written by hand, and what every engine must make of it."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.warehouse import RawTable, Warehouse

COLUMNS = pa.schema([("id", pa.string()), ("_line", pa.int64())])
Row = tuple[str, int, dt.date, str, dt.date]


def deliver(folder: Path, day: str, key: str, ids: list[str], columns: pa.Schema = COLUMNS) -> None:
    """Put a delivery in the lake in the place of the one with its key; without ids, only take that away."""
    target = folder / f"ds={day}" / f"delivery={key}"
    shutil.rmtree(target, ignore_errors=True)
    if ids or key == "schema":
        target.mkdir(parents=True)
        rows = [{"id": id_, "_line": line} for line, id_ in enumerate(ids, start=2)]
        pq.write_table(pa.Table.from_pylist(rows, schema=columns), target / "part.parquet")


# What is left of the lake of `load_month_by_month`.
LEFT = [("a", 2, dt.date(2026, 1, 31), "007", dt.date(2026, 1, 1))]


def load_month_by_month(warehouse: Warehouse, folder: Path) -> list[Row]:
    """Deliveries come, are corrected, are withdrawn, and only months whose digest changed are read again; returns the
    rows that are left. Raises AssertionError when another month is read, or another row is there."""

    def load(layout: str = "a", **months: str) -> frozenset[str]:
        named = {name.removeprefix("m").replace("_", "-"): digest for name, digest in months.items()}
        return warehouse.load(RawTable("visits", str(folder), layout, named))

    def rows() -> list[Row]:
        found = warehouse.table("raw", "visits").select(["id", "_line", "ds", "delivery", "ds_month"]).to_pylist()
        return sorted(tuple(row.values()) for row in found)

    def row(id_: str, line: int, day: str, key: str) -> Row:
        date = dt.date.fromisoformat(day)
        return (id_, line, date, key, date.replace(day=1))

    deliver(folder, "1970-01-01", "schema", [])
    assert load() == frozenset()
    assert rows() == []

    deliver(folder, "2026-01-31", "007", ["a", "b"])
    deliver(folder, "2026-02-01", "8", ["c"])
    assert load(m2026_01="x", m2026_02="x") == {"2026-01", "2026-02"}
    january = [row("a", 2, "2026-01-31", "007"), row("b", 3, "2026-01-31", "007")]
    assert rows() == [*january, row("c", 2, "2026-02-01", "8")]

    # January is as it was for all its digest says, so its files are not opened.
    deliver(folder, "2026-01-31", "007", ["never read"])
    deliver(folder, "2026-02-01", "8", ["corrected"])
    deliver(folder, "2026-02-28", "9", ["d"])
    deliver(folder, "2026-03-01", "10", ["e"])
    assert load(m2026_01="x", m2026_02="y", m2026_03="x") == {"2026-02", "2026-03"}
    february = [row("corrected", 2, "2026-02-01", "8"), row("d", 2, "2026-02-28", "9")]
    assert rows() == [*january, *february, row("e", 2, "2026-03-01", "10")]
    assert load(m2026_01="x", m2026_02="y", m2026_03="x") == frozenset()

    # The one delivery of March is withdrawn; of February nothing is left but an entry without rows.
    deliver(folder, "2026-03-01", "10", [])
    deliver(folder, "2026-02-01", "8", [])
    deliver(folder, "2026-02-28", "9", [])
    assert load(m2026_01="x", m2026_02="z") == {"2026-02", "2026-03"}
    assert rows() == january

    # New columns change everything.
    wider = COLUMNS.append(pa.field("guests", pa.int32()))
    deliver(folder, "1970-01-01", "schema", [], wider)
    deliver(folder, "2026-01-31", "007", ["a"], wider)
    assert load("b", m2026_01="x", m2026_02="z") == {"2026-01", "2026-02"}
    assert warehouse.table("raw", "visits")["guests"].type == pa.int32()
    return rows()
