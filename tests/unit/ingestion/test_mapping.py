"""Extracts in the user's own format that become rows of another contract's table."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

SQL = """
select 'O-' || invoice as name, quantity * price as amount, null::varchar as note, _line
from source where quantity > 0 order by _line;
"""
PRODUCTS = "select distinct sku, max(price) as price from source group by sku"


@pytest.fixture
def shop(world: Any, column_of: Any) -> Any:
    world.contract(
        "orders", [column_of("name", required=True), column_of("amount", "DECIMAL(12,2)"), column_of("note")]
    )
    world.contract("products", [column_of("sku", key=1), column_of("price", "DECIMAL(12,2)", options={"minimum": 0})])
    world.contract(
        "own",
        [
            column_of("invoice", required=True), column_of("sku"), column_of("quantity", "BIGINT"),
            column_of("price", "DECIMAL(12,2)"),
        ],
        mapTo={"orders": "orders.sql", "products": "products.sql"},
    )  # fmt: skip
    folder = world.home.root / "contracts"
    (folder / "orders.sql").write_text(SQL, encoding="utf-8")
    (folder / "products.sql").write_text(PRODUCTS, encoding="utf-8")
    return world


CONTENT = "invoice,sku,quantity,price\n1,a,2,1.50\n1,b,-1,3\n2,a,x,1\n3,a,1,2\n"


def test_rows_that_passed_become_rows_of_the_targets(shop: Any) -> None:
    shop.deliver("own", "2026-01-06", "own_20260105.csv", CONTENT)
    shop.ingest()
    file, day = "own/2026-01-06/own_20260105.csv", dt.date(2026, 1, 5)
    assert shop.rows("orders") == [
        ("O-1", Decimal("3.00"), None, file, 2, dt.date(2026, 1, 6), "increment", None, "own__own_20260105", day),
        ("O-3", Decimal("2.00"), None, file, 5, dt.date(2026, 1, 6), "increment", None, "own__own_20260105", day),
    ]
    assert sorted(shop.rows("products", "sku, price")) == [("a", Decimal("2.00")), ("b", Decimal("3.00"))]
    assert len(shop.rows("own")) == 3
    assert shop.quarantine() == [(4, "quantity", "row_quarantined")]


def test_a_correction_and_a_changed_mapping_replace_the_mapped_rows(shop: Any) -> None:
    shop.deliver("own", "2026-01-06", "own_20260105.csv", CONTENT)
    shop.ingest()
    shop.deliver("own", "2026-01-07", "own_20260105.csv", "invoice,sku,quantity,price\n9,a,1,1\n")
    shop.ingest()
    assert shop.rows("orders", "name") == [("O-9",)]
    assert shop.ingest().total("files_new") == 0
    (shop.home.root / "contracts" / "orders.sql").write_text(SQL.replace("O-", "P-"), encoding="utf-8")
    shop.ingest()
    assert shop.rows("orders", "name") == [("P-9",)]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("select nothing from source", "cannot be mapped to orders: orders.sql fails"),
        ("select invoice from source", "orders.sql yields no column 'name', which is required"),
        (
            "select case when _line > 3 then invoice end as name, _line from source",
            "the first from line 2 (column 'name' is empty, but required)",
        ),
    ],
)
def test_a_mapping_at_fault_refuses_the_file_and_loads_none_of_it(shop: Any, sql: str, reason: str) -> None:
    (shop.home.root / "contracts" / "orders.sql").write_text(sql, encoding="utf-8")
    shop.deliver("own", "2026-01-06", "own_20260105.csv", CONTENT)
    report = shop.ingest()
    assert shop.rows("orders") == shop.rows("own") == shop.rows("products") == []
    assert reason in report.threshold_exceeded[0]
