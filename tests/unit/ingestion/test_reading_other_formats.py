"""JSON Lines, Parquet and XLSX through the same rules as CSV."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

EVENTS = "STRUCT(id BIGINT, type VARCHAR, done BOOLEAN)[]"


def utc(*parts: int) -> dt.datetime:
    """A time as the lake holds it: UTC, without saying so."""
    return dt.datetime(*parts, tzinfo=dt.UTC).replace(tzinfo=None)  # type: ignore[misc]


def tickets(world: Any, column_of: Any) -> None:
    world.contract(
        "t",
        [
            column_of("id", "BIGINT", key=1),
            column_of("at", "TIMESTAMP", options={"format": "yyyy-MM-dd'T'HH:mm:ssXXX", "timezone": True}),
            column_of("price", "DECIMAL(12,2)"),
            column_of("via", "STRUCT(channel VARCHAR, number BIGINT)"),
            column_of("tags", "VARCHAR[]"),
            column_of("events", EVENTS),
        ],
        format="json",
    )


def lines(*records: Any) -> str:
    return "".join((item if isinstance(item, str) else json.dumps(item)) + "\n" for item in records)


def test_nested_json_is_typed(world: Any, column_of: Any) -> None:
    tickets(world, column_of)
    full = {
        "id": 1, "at": "2026-01-05T10:00:00+01:00", "price": 12.5, "via": {"channel": "phone", "number": "7"},
        "tags": ["a", "b"], "events": [{"id": 1, "type": "created", "done": True}, {"type": "reply", "unknown": 3}],
    }  # fmt: skip
    world.deliver("t", "2026-01-06", "t_20260105.jsonl", lines(full, {"id": 2, "via": None, "events": []}))
    world.ingest()
    assert world.rows("t", 'id, "at", price, via, tags, events, _extra') == [
        (
            1, utc(2026, 1, 5, 9), Decimal("12.50"), {"channel": "phone", "number": 7}, ["a", "b"],
            [{"id": 1, "type": "created", "done": True}, {"id": None, "type": "reply", "done": None}], None,
        ),
        (2, None, None, None, None, [], None),
    ]  # fmt: skip


def test_broken_json_records_are_named_by_line(world: Any, column_of: Any) -> None:
    tickets(world, column_of)
    content = lines(
        {"id": 1},
        '{"id": 2, "price"',
        "",
        "[1, 2]",
        {"price": 1},
        {"id": "x"},
        {"id": 7, "via": "phone"},
        {"id": 8, "via": {"number": "seven"}},
        {"id": 9, "events": [{"id": 1}, {"id": "one"}]},
        {"id": 10, "events": {"id": 1}},
        {"id": 11, "at": "2026-02-30T10:00:00Z"},
        {"id": 1},
        {"id": 1, "price": 3},
        "   ",
        {"id": 15},
    )
    world.deliver("t", "2026-01-06", "t_20260105.jsonl", content)
    world.ingest()
    assert world.rows("t", "id, _line") == [(1, 1), (15, 15)]
    assert world.quarantine() == [
        (2, None, "row_quarantined"),
        (4, "id", "row_quarantined"),
        (5, "id", "row_quarantined"),
        (6, "id", "row_quarantined"),
        (7, "via", "row_quarantined"),
        (8, "via", "row_quarantined"),
        (9, "events", "row_quarantined"),
        (10, "events", "row_quarantined"),
        (11, "at", "row_quarantined"),
        (12, "id", "deduplicated"),
        (13, "id", "row_quarantined"),
    ]


def test_unexpected_keys_are_kept_where_they_occur(world: Any, column_of: Any) -> None:
    tickets(world, column_of)
    world.deliver("t", "2026-01-06", "t_20260105.jsonl", lines({"id": 1, "new": {"a": [1]}}, {"id": 2}))
    world.deliver("t", "2026-01-07", "t_20260106.jsonl", lines({"id": 3}))
    world.ingest()
    assert world.rows("t", "id, _extra") == [(1, '{"new":{"a":[1]}}'), (2, None), (3, None)]
    assert world.quarantine("file", "line", "column_name", "outcome") == [
        ("t/2026-01-06/t_20260105.jsonl", None, "new", "kept_reported")
    ]


def test_json_that_ends_too_early_is_refused(world: Any, column_of: Any) -> None:
    tickets(world, column_of)
    whole = lines(*({"id": number, "price": number * 7} for number in range(3000)))
    packed = gzip.compress(whole.encode(), mtime=0)
    world.deliver("t", "2026-01-02", "t_20260101.jsonl.gz", packed)
    world.deliver("t", "2026-01-03", "t_20260102.jsonl.gz", packed[: len(packed) * 2 // 3])
    world.deliver("t", "2026-01-04", "t_20260103.jsonl.gz", packed[:-8] + b"\0" * 8)
    world.deliver("t", "2026-01-05", "t_20260104.jsonl.gz", packed[:500] + b"\xff" * 40 + packed[540:])
    world.deliver("t", "2026-01-06", "t_20260105.jsonl", whole[: len(whole) // 2])
    world.deliver("t", "2026-01-07", "t_20260106.jsonl", whole[:-1])
    world.deliver("t", "2026-01-08", "t_20260107.jsonl", lines({"id": 1}).encode() + b'{"id": 2, "x": "\xe9"}\n')
    two_members = gzip.compress(lines({"id": 1}).encode()) + gzip.compress(lines({"id": 2}).encode())
    world.deliver("t", "2026-01-09", "t_20260108.jsonl.gz", two_members)
    world.ingest()
    assert world.deliveries("outcome", "rows_loaded") == [
        ("loaded", 3000),
        ("file_rejected", 0),
        ("file_rejected", 0),
        ("file_rejected", 0),
        ("file_rejected", 0),
        ("loaded", 3000),
        ("file_rejected", 0),
        ("loaded", 2),
    ]


def test_json_numbers_too_long_for_a_double_keep_their_digits(world: Any, column_of: Any) -> None:
    tickets(world, column_of)
    world.deliver("t", "2026-01-06", "t_20260105.jsonl", '{"id": 9007199254740993, "price": 0.10}\n')
    world.ingest()
    assert world.rows("t", "id, price") == [(9007199254740993, Decimal("0.10"))]


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def test_parquet_values_are_cast_and_rows_counted_from_one(world: Any, column_of: Any) -> None:
    world.contract(
        "t",
        [
            column_of("id", header="Customer ID"), column_of("quantity", "BIGINT"), column_of("price", "DECIMAL(12,3)"),
            column_of("at", "TIMESTAMP", options={"format": "yyyy-MM-dd HH:mm:ss", "defaultTimezone": "Europe/London"}),
            column_of("seen", "TIMESTAMP"), column_of("item", "STRUCT(id VARCHAR, price DOUBLE)"),
        ],
        format="parquet",
    )  # fmt: skip
    table = pa.table(
        {
            "Customer ID": pa.array([13085.0, None, 1.0]),
            "quantity": pa.array([12.0, -1.0, 1.5]),
            "price": pa.array([6.95, 0.001, 1.0]),
            "at": ["2025-07-01 07:45:00", "2025-12-01 07:45:00", "2025-12-01 07:45:00"],
            "seen": pa.array([dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)] * 3, pa.timestamp("us", "Europe/Paris")),
            "item": [{"price": 1.5, "id": "a"}, None, None],
            "Country": ["UK", "FR", "FR"],
        }
    )
    world.deliver("t", "2026-01-06", "t_20260105.parquet", parquet(table))
    world.deliver("t", "2026-01-07", "t_20260106.parquet", parquet(table)[:-30])
    world.ingest()
    new_year = utc(2026, 1, 1, 8)
    assert world.rows("t", 'id, quantity, price, "at", seen, item, _extra, _line') == [
        (
            "13085", 12, Decimal("6.950"), utc(2025, 7, 1, 6, 45), new_year, {"id": "a", "price": 1.5},
            '{"Country":"UK"}', 1,
        ),
        (None, -1, Decimal("0.001"), utc(2025, 12, 1, 7, 45), new_year, None, '{"Country":"FR"}', 2),
    ]  # fmt: skip
    assert world.quarantine("file", "line", "column_name", "outcome") == [
        ("t/2026-01-06/t_20260105.parquet", 3, "quantity", "row_quarantined"),
        ("t/2026-01-06/t_20260105.parquet", None, "Country", "kept_reported"),
        ("t/2026-01-07/t_20260106.parquet", None, None, "file_rejected"),
    ]


def workbook(sheet: str, rows: list[list[Any]]) -> bytes:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True, "default_date_format": "yyyy-mm-dd"}) as book:
        page = book.add_worksheet(sheet)
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return sink.getvalue()


def test_xlsx_cells_become_typed_and_rows_keep_their_number(world: Any, column_of: Any) -> None:
    world.contract(
        "t",
        [
            column_of("sku", key=1), column_of("price", "DECIMAL(12,2)", required=True),
            column_of("on", "DATE", options={"format": "yyyy-MM-dd"}), column_of("pieces", "INTEGER"),
        ],
        format="xlsx", sheet="Produits", delivery="snapshot",
    )  # fmt: skip
    head = ["sku", "price", "on", "pieces", "note"]
    rows = [
        head,
        ["A1", 19.99, dt.date(2026, 1, 5), 3, "n"],
        [7, 0.1 + 0.2, "2026-01-06", "4"],
        [],
        ["C3", "abc", None, 1],
        ["A1", 19.99, dt.date(2026, 1, 5), 3, "n"],
    ]
    world.deliver("t", "2026-01-06", "t_20260105.xlsx", workbook("Produits", rows))
    world.deliver("t", "2026-01-07", "t_20260106.xlsx", workbook("Feuille1", rows))
    world.deliver("t", "2026-01-08", "t_20260107.xlsx", b"PK\x03\x04 no workbook")
    report = world.ingest()
    assert world.rows("t", 'sku, price, "on", pieces, _extra, _line') == [
        ("A1", Decimal("19.99"), dt.date(2026, 1, 5), 3, '{"note":"n"}', 2),
        ("7", Decimal("0.30"), dt.date(2026, 1, 6), 4, '{"note":null}', 3),
    ]
    assert world.quarantine("line", "outcome")[:3] == [
        (5, "row_quarantined"), (6, "deduplicated"), (None, "kept_reported"),
    ]  # fmt: skip
    assert "has no sheet 'Produits', only Feuille1" in report.extracts[0].rejected[0]
    assert "is no readable workbook" in report.extracts[0].rejected[1]
