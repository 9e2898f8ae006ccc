"""What the lake holds, month by month: a digest no change of the rows escapes, and no other month's change moves."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any

import pytest

from dagster_project.ingestion import raw_tables

HEAD = "id,amount\n"


@pytest.fixture
def shop(world: Any, column_of: Any) -> Any:
    world.contract("t", [column_of("id", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)")])
    return world


def digests(shop: Any, extract: str = "t") -> dict[str, str]:
    (found,) = (
        table.months for table in raw_tables(shop.home, shop.settings, shop.contracts) if table.extract == extract
    )
    return dict(found)


def held(shop: Any, extract: str = "t") -> dict[str, str]:
    """The oracle: by month, a hash of the rows' files."""
    months: dict[str, Any] = {}
    for path, content in sorted(shop.lake_files().items()):
        name, day, *_ = path.split("/")
        if name == extract and not day.startswith("ds=1970"):
            months.setdefault(day[3:10], hashlib.sha256()).update(path.encode() + content)
    return {month: digest.hexdigest() for month, digest in months.items()}


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {month for month in {*before, *after} if before.get(month) != after.get(month)}


def test_every_change_of_the_rows_changes_the_digest_of_their_month_and_of_no_other(shop: Any) -> None:
    def withdraw() -> None:
        shop.deliver("t", "2026-02-07", "t_20260206.csv", "amount\n2\n")

    nights = [
        (lambda: shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n"), {"2026-01"}),
        (lambda: shop.deliver("t", "2026-02-02", "t_20260131.csv", HEAD + "2,2\n"), {"2026-01"}),
        (lambda: shop.deliver("t", "2026-02-07", "t_20260206.csv", HEAD + "3,3\n4,x\n"), {"2026-02"}),
        (lambda: shop.deliver("t", "2026-03-01", "t_20260105.csv", HEAD + "1,10\n"), {"2026-01"}),
        (lambda: shop.deliver("t", "2026-03-02", "t_20260105.csv", HEAD + "1,10\n"), set()),
        (withdraw, {"2026-02"}),
        (lambda: None, set()),
    ]
    for number, (happens, months) in enumerate(nights):
        digests_before, held_before = digests(shop), held(shop)
        happens()
        shop.ingest(dt.date(2026, 4, 1))
        assert changed(held_before, held(shop)) == months, number
        assert changed(digests_before, digests(shop)) == months, number


def test_a_delivery_read_again_counts_as_changed(shop: Any, column_of: Any) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,1\n")
    shop.ingest()
    before, layout = digests(shop), raw_tables(shop.home, shop.settings, shop.contracts)[0].layout
    shop.contract("t", [column_of("id", "BIGINT", key=1), column_of("amount", "DOUBLE")])
    shop.ingest()
    assert changed(before, digests(shop)) == {"2026-01"}
    assert raw_tables(shop.home, shop.settings, shop.contracts)[0].layout != layout


def test_rows_mapped_into_another_table_change_that_tables_month(world: Any, column_of: Any) -> None:
    world.contract("orders", [column_of("name", key=1)])
    world.contract("own", [column_of("invoice", key=1)], mapTo={"orders": "orders.sql"})
    sql = world.home.root / "contracts" / "orders.sql"
    sql.write_text("select invoice as name, _line from source", encoding="utf-8")
    world.deliver("own", "2026-01-06", "own_20260105.csv", "invoice\n9\n")
    world.ingest()
    before = digests(world, "orders")
    assert set(before) == {"2026-01"}
    sql.write_text("select 'P' || invoice as name, _line from source", encoding="utf-8")
    world.ingest()
    assert changed(before, digests(world, "orders")) == {"2026-01"}
