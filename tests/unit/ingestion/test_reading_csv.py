"""CSV in every dialect, and the physical line of every record."""

from __future__ import annotations

import csv
import datetime as dt
import io
import random
import zlib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

SIMPLE = "id,name,amount\n"


def utc(*parts: int) -> dt.datetime:
    """A time as the lake holds it: UTC, without saying so."""
    return dt.datetime(*parts, tzinfo=dt.UTC).replace(tzinfo=None)  # type: ignore[misc]


def simple(world: Any, column_of: Callable[..., dict[str, Any]], **more: Any) -> None:
    world.contract("t", [column_of("id", "BIGINT"), column_of("name"), column_of("amount", "DECIMAL(12,2)")], **more)


def test_records_carry_where_they_come_from(world: Any, column_of: Any) -> None:
    simple(world, column_of)
    world.deliver("t", "2026-01-06", "t_20260105.csv", SIMPLE + "1,anna,1.50\n2,bob,\n")
    world.ingest()
    day = dt.date(2026, 1, 5)
    file = "t/2026-01-06/t_20260105.csv"
    assert world.rows("t") == [
        (1, "anna", Decimal("1.50"), file, 2, dt.date(2026, 1, 6), "increment", None, "t_20260105", day),
        (2, "bob", None, file, 3, dt.date(2026, 1, 6), "increment", None, "t_20260105", day),
    ]


def test_an_extract_never_delivered_has_a_typed_empty_table(world: Any, column_of: Any) -> None:
    simple(world, column_of)
    world.ingest()
    assert world.rows("t") == []
    assert world.rows("t", "typeof(columns(*))") == []
    assert list(world.lake_files()) == ["t/ds=1970-01-01/delivery=schema/part.parquet"]


def test_line_is_where_the_record_begins_after_multi_line_cells(world: Any, column_of: Any) -> None:
    simple(world, column_of)
    # Lines: 1 header, 2 to 3 first record, 4 second, 5 to 7 third, 8 fourth.
    world.deliver("t", "2026-01-06", "t_20260105.csv", SIMPLE + '1,"a\nb",1\n2,c,2\n3,"d ""e""\n\nf",3\n4,g,x\n')
    world.ingest()
    assert world.rows("t", "id, _line") == [(1, 2), (2, 4), (3, 5)]
    assert world.quarantine() == [(8, "amount", "row_quarantined")]


def test_line_is_right_with_carriage_returns_and_without_a_last_line_end(world: Any, column_of: Any) -> None:
    simple(world, column_of)
    world.deliver("t", "2026-01-06", "t_20260105.csv", 'id,name,amount\r\n1,"a\r\nb",1\r\n2,c,2')
    world.ingest()
    assert world.rows("t", "id, name, _line") == [(1, "a\r\nb", 2), (2, "c", 4)]


def test_line_is_right_after_blank_lines(world: Any, column_of: Any) -> None:
    simple(world, column_of)
    world.deliver("t", "2026-01-06", "t_20260105.csv", SIMPLE + '1,a,1\n\n\n2,"b\nc",2\n\n3,d,3\n\n')
    world.ingest()
    assert world.rows("t", "id, _line") == [(1, 2), (2, 5), (3, 8)]


def test_line_is_right_after_records_with_too_few_or_too_many_cells(world: Any, column_of: Any) -> None:
    simple(world, column_of)
    body = '1,"a\nb",1\n2,bob\n3,c,3\n4,"d\ne",4,more\n5,f,5\n6,g,abc\n'
    # Lines: 2-3 first, 4 too few, 5 third, 6-7 too many, 8 fifth, 9 not a number.
    world.deliver("t", "2026-01-06", "t_20260105.csv", SIMPLE + body)
    world.deliver("t", "2026-01-07", "t_20260106.csv", SIMPLE + "7,h,7\n")
    world.ingest()
    assert world.rows("t", "id, _line") == [(1, 2), (3, 5), (5, 8), (7, 2)]
    assert world.quarantine("line", "column_name", "value", "reason") == [
        (4, None, "2,bob", "has 2 cells, the header has 3"),
        (6, None, "4,d\ne,4,more", "has 4 cells, the header has 3"),
        (9, "amount", "abc", "column 'amount' holds 'abc', not a decimal(12,2)"),
    ]
    assert world.deliveries("rows_read", "rows_loaded", "rows_quarantined") == [(6, 3, 3), (1, 1, 0)]


def test_a_quote_inside_an_unquoted_cell_is_text(world: Any, column_of: Any) -> None:
    simple(world, column_of)
    world.deliver("t", "2026-01-06", "t_20260105.csv", SIMPLE + '1,12" pipe,1\n2,bob\n3,5" nail,3\n')
    world.ingest()
    assert world.rows("t", "id, name, _line") == [(1, '12" pipe', 2), (3, '5" nail', 4)]


def test_lines_agree_with_pythons_reader_on_random_files(world: Any, column_of: Any) -> None:
    """Oracle: csv.reader's own count of lines, over files of every kind mixed in one batch."""
    simple(world, column_of)
    rng = random.Random(5)
    expected = []
    for number in range(25):
        sink = io.StringIO()
        writer = csv.writer(sink, lineterminator="\n")
        writer.writerow(["id", "name", "amount"])
        for record in range(rng.randint(0, 40)):
            name = rng.choice(["x", "two\nlines", 'quoted "q"', "", "a,b", "three\n\nlines"])
            cells = [number * 1000 + record, name, "1.00"]
            writer.writerow(cells[: 2 if rng.random() < 0.05 and number % 3 == 0 else 3])
            if number % 4 == 0 and rng.random() < 0.1:
                sink.write("\n")
        file = f"t/2026-01-06/t_202601{number % 28 + 1:02}.csv"
        world.deliver("t", "2026-01-06", file.rsplit("/", 1)[1], sink.getvalue())
        reader, before = csv.reader(io.StringIO(sink.getvalue())), 0
        for cells in reader:
            if before and len(cells) == 3:
                expected.append((int(cells[0]), before + 1))
            before = reader.line_num
    world.ingest()
    assert sorted(world.rows("t", "id, _line")) == sorted(expected)


def test_lines_are_right_in_batches_of_many_row_groups(world: Any, column_of: Any) -> None:
    """Regression: DuckDB makes a join of a longer `in (...)`, and the rows came in the order threads met them."""
    kinds = [f"kind {number}" for number in range(12)] + ["c", "a\nb"]
    world.contract("t", [column_of("id", "BIGINT"), column_of("name", enum=kinds), column_of("line", "BIGINT")])
    for day in range(4):
        records, line = ["id,name,line\n"], 2
        for number in range(40_000):
            records.append(f'{number},"a\nb",{line}\n' if number % 3 == 0 else f"{number},c,{line}\n")
            line += 2 if number % 3 == 0 else 1
        world.deliver("t", "2026-01-06", f"t_2026010{day + 1}.csv", "".join(records))
    world.ingest()
    assert world.rows("t", "count(*), count(*) filter (_line <> line)", order="all") == [(160_000, 0)]


def test_marks_of_french_tills_are_read(world: Any, column_of: Any) -> None:
    world.contract(
        "t",
        [
            column_of("id", "BIGINT"), column_of("name"), column_of("amount", "DECIMAL(12,2)"),
            column_of("sold_on", "DATE", options={"format": "dd/MM/yyyy"}),
        ],
        encoding="cp1252", delimiter=";", decimalSeparator=",",
    )  # fmt: skip
    text = "id;name;amount;sold_on\n1;Crème brûlée à 5 €;12,50;05/11/2025\n2;œuf;-3;31/02/2025\n3;thé;1.50;05/11/25\n"
    world.deliver("t", "2026-01-06", "t_20260105.csv", text.encode("cp1252"))
    world.ingest()
    assert world.rows("t", "id, name, amount, sold_on") == [
        (1, "Crème brûlée à 5 €", Decimal("12.50"), dt.date(2025, 11, 5))
    ]
    assert world.quarantine("line", "reason") == [
        (3, "column 'sold_on' holds '31/02/2025', not a date like dd/MM/yyyy"),
        (
            4,
            "column 'amount' holds '1.50', not a decimal(12,2) with decimal mark ','; "
            "column 'sold_on' holds '05/11/25', not a date like dd/MM/yyyy",
        ),
    ]


def test_preamble_thousands_and_closing_line_of_an_ads_report_are_read(world: Any, column_of: Any) -> None:
    simple(world, column_of, skipLines=2, thousandsSeparator=",", footerPattern="^Total:")
    top = "Campaign performance\nJanuary 5 - 5\n"
    world.deliver("t", "2026-01-06", "t_20260105.csv", top + SIMPLE + '1,a,"1,234.56"\n2,b,"1,23"\nTotal: ,,"1,236"\n')
    world.deliver("t", "2026-01-07", "t_20260106.csv", top + SIMPLE + "3,c,7\nTotal: 7\n")
    world.deliver("t", "2026-01-08", "t_20260107.csv", top + SIMPLE + "4,d,8\n")
    report = world.ingest()
    assert world.rows("t", "id, amount, _line") == [(1, Decimal("1234.56"), 4), (3, Decimal("7.00"), 4)]
    assert world.quarantine() == [(5, "amount", "row_quarantined"), (None, None, "file_rejected")]
    assert "has no closing line like ^Total:" in report.extracts[0].rejected[0]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_with_tabs_and_preamble_is_read(world: Any, column_of: Any, encoding: str) -> None:
    simple(world, column_of, encoding="utf-16", delimiter="\t", skipLines=3)
    text = 'Report\nfrom\nto\nid\tname\tamount\n1\tété\t1\n2\t"a\nb"\t2\n3\tc\tx\n'
    mark = b"\xff\xfe" if encoding == "utf-16-le" else b"\xfe\xff"
    world.deliver("t", "2026-01-06", "t_20260105.csv", mark + text.encode(encoding))
    world.ingest()
    assert world.rows("t", "id, name, _line") == [(1, "été", 5), (2, "a\nb", 6)]
    assert world.quarantine() == [(8, "amount", "row_quarantined")]


@pytest.mark.parametrize("extension", ["gz", "zst"])
def test_packed_csv_is_read_and_refused_when_cut_off(world: Any, column_of: Any, extension: str) -> None:
    simple(world, column_of, pattern=r"^t_(?P<date>\d{8})\.csv\.(gz|zst)$")
    text = SIMPLE + "".join(f"{number},name {number * number},1\n" for number in range(5000))
    if extension == "gz":
        packer = zlib.compressobj(wbits=31)
        packed = packer.compress(text.encode()) + packer.flush()
    else:
        packed = pa.compress(text.encode(), "zstd", asbytes=True)
    world.deliver("t", "2026-01-06", f"t_20260105.csv.{extension}", packed)
    world.deliver("t", "2026-01-07", f"t_20260106.csv.{extension}", packed[: len(packed) // 2])
    world.ingest()
    assert world.rows("t", "count(*), max(_line)", order="all") == [(5000, 5001)]
    assert world.deliveries("outcome", "rows_loaded") == [("loaded", 5000), ("file_rejected", 0)]


def test_a_byte_order_mark_is_no_part_of_the_first_header(world: Any, column_of: Any) -> None:
    simple(world, column_of, encoding="utf-8-sig")
    world.deliver("t", "2026-01-06", "t_20260105.csv", b"\xef\xbb\xbf" + (SIMPLE + "1,a,1\n").encode())
    world.deliver("t", "2026-01-07", "t_20260106.csv", SIMPLE + "2,b,2\n")
    world.ingest()
    assert world.rows("t", "id, _line") == [(1, 2), (2, 2)]


def test_columns_are_found_by_header_in_any_order_and_case(world: Any, column_of: Any) -> None:
    world.contract("t", [column_of("id", "BIGINT", header="Record ID"), column_of("name", header="First Name")])
    world.deliver("t", "2026-01-06", "t_20260105.csv", "first name,Record ID\nanna,1\n")
    world.ingest()
    assert world.rows("t", "id, name") == [(1, "anna")]


def test_times_become_utc_from_offset_and_from_zone(world: Any, column_of: Any) -> None:
    offset = {"timezone": True}
    world.contract(
        "t",
        [
            column_of("a", "TIMESTAMP", options=offset | {"format": "yyyy-MM-dd HH:mm:ss Z"}),
            column_of("b", "TIMESTAMP", options=offset | {"format": "yyyy-MM-dd'T'HH:mm:ss[.SSS]XXX"}),
            column_of("c", "TIMESTAMP", options={"format": "yyyy-MM-dd HH:mm", "defaultTimezone": "Europe/Paris"}),
        ],
    )
    rows = [
        "2025-11-05 14:03:22 +0100,2025-11-05T13:03:22Z,2025-07-01 10:00",
        " 2025-11-05 14:03:22 +0100 ,2025-11-05T13:03:22.250Z,2025-12-01 10:00",
        ",2025-11-05T14:03:22.250+01:00,",
        "2025-11-05 14:03:22,,",
        ",2025-02-31T10:00:00Z,",
        ",2025-11-05T13:03:22,",
        ",,25-07-01 10:00",
    ]
    world.deliver("t", "2026-01-06", "t_20260105.csv", "a,b,c\n" + "\n".join(rows) + "\n")
    world.ingest()
    noon = utc(2025, 11, 5, 13, 3, 22)
    assert world.rows("t", "a, b, c") == [
        (noon, noon, utc(2025, 7, 1, 8)),
        (noon, noon.replace(microsecond=250_000), utc(2025, 12, 1, 9)),
        (None, noon.replace(microsecond=250_000), None),
    ]
    assert world.quarantine("line", "column_name") == [(5, "a"), (6, "b"), (7, "b"), (8, "c")]


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("BIGINT", {"12": 12, " 12 ": 12, "-3": -3, "+4": 4, "12.0": 12, "007": 7}, ["12.5", "1e3", "1_000", "9" * 20]),
        ("INTEGER", {"2147483647": 2147483647}, ["2147483648"]),
        ("DECIMAL(12,2)", {"1.5": Decimal("1.50"), "12.500": Decimal("12.5")}, ["12.345", "1,5", "nan"]),
        ("DOUBLE", {"1e3": 1000.0, "0.1": 0.1}, ["inf", "nan", "x"]),
        ("BOOLEAN", {"true": True, "false": False}, ["perhaps"]),
        ("DATE", {"2026-01-05": dt.date(2026, 1, 5)}, ["05/01/2026", "2026-1-5", "2026-02-30"]),
    ],
)  # fmt: skip
def test_values_must_fit_their_type_exactly(
    world: Any, column_of: Any, type_: str, good: dict[str, Any], bad: list[str]
) -> None:
    world.contract("t", [column_of("id", "BIGINT"), column_of("value", type_)])
    lines = [f'{number},"{value}"' for number, value in enumerate([*good, *bad])]
    world.deliver("t", "2026-01-06", "t_20260105.csv", "id,value\n" + "\n".join(lines) + "\n")
    world.ingest()
    assert [value for (value,) in world.rows("t", "value")] == list(good.values())
    assert [value for (value,) in world.quarantine("value")] == bad


def test_blanks_alone_are_no_value(world: Any, column_of: Any) -> None:
    world.contract("t", [column_of("name", required=True), column_of("amount", "DECIMAL(12,2)"), column_of("note")])
    world.deliver("t", "2026-01-06", "t_20260105.csv", 'name,amount,note\nanna,  ,  x \n  ,1,\n"",1,\n')
    world.ingest()
    assert world.rows("t", "name, amount, note") == [("anna", None, "  x ")]
    assert world.quarantine() == [(3, "name", "row_quarantined"), (4, "name", "row_quarantined")]


def test_rules_of_the_contract_are_held(world: Any, column_of: Any) -> None:
    world.contract(
        "t",
        [
            column_of("kind", enum=["sale", "refund"], required=True),
            column_of("pieces", "INTEGER", options={"minimum": 1, "maximum": 9}),
            column_of("day", "DATE", options={"minimum": "2020-01-01"}),
            column_of("at", options={"pattern": "^[0-9]{2}:[0-9]{2}$"}),
        ],
    )
    lines = [
        "sale,1,2020-01-01,10:00",
        "Sale,1,,",
        "sale,0,,",
        "sale,10,,",
        "sale,,2019-12-31,",
        "sale,,,10h00",
        "x,0,,y",
    ]
    world.deliver("t", "2026-01-06", "t_20260105.csv", "kind,pieces,day,at\n" + "\n".join(lines) + "\n")
    world.ingest()
    assert world.rows("t", "_line") == [(2,)]
    assert world.quarantine("line", "column_name", "reason") == [
        (3, "kind", "column 'kind' holds 'Sale', none of sale, refund"),
        (4, "pieces", "column 'pieces' holds '0', less than 1"),
        (5, "pieces", "column 'pieces' holds '10', more than 9"),
        (6, "day", "column 'day' holds '2019-12-31', less than 2020-01-01"),
        (7, "at", "column 'at' holds '10h00', not like ^[0-9]{2}:[0-9]{2}$"),
        (
            8,
            "kind",
            "column 'kind' holds 'x', none of sale, refund; column 'pieces' holds '0', less than 1; "
            "column 'at' holds 'y', not like ^[0-9]{2}:[0-9]{2}$",
        ),
    ]


def test_an_exact_repeat_is_dropped_and_a_contradiction_set_aside(world: Any, column_of: Any) -> None:
    world.contract("t", [column_of("a", key=2), column_of("b", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)")])
    world.deliver("t", "2026-01-06", "t_20260105.csv", 'a,b,amount\nx,1,1\n"y\ny",1,2\nx,1,1.00\nx,1,3\nx,2,1\n')
    world.deliver("t", "2026-01-07", "t_20260106.csv", "a,b,amount\nx,1,9\n")
    world.ingest()
    # Lines: 2 first, 3-4 second, 5 repeat of 2, 6 contradicts 2, 7 another key; the next file may hold the key again.
    assert world.rows("t", "_line") == [(2,), (3,), (7,), (2,)]
    assert world.quarantine("line", "column_name", "value", "reason", "outcome") == [
        (5, "b, a", "1, x", "repeats line 2 exactly", "deduplicated"),
        (6, "b, a", "1, x", "has the key of line 2 with other values", "row_quarantined"),
    ]
    assert world.deliveries("rows_read", "rows_loaded", "rows_quarantined", "rows_deduplicated") == [
        (5, 3, 1, 1),
        (1, 1, 0, 0),
    ]


def test_repeats_are_kept_where_the_contract_has_no_key(world: Any, column_of: Any) -> None:
    simple(world, column_of)
    world.deliver("t", "2026-01-06", "t_20260105.csv", SIMPLE + "1,a,1\n1,a,1\n")
    world.ingest()
    assert world.rows("t", "_line") == [(2,), (3,)]


def test_unexpected_columns_are_kept_and_missing_optional_ones_reported(world: Any, column_of: Any) -> None:
    world.contract(
        "t", [column_of("id", "BIGINT", required=True), column_of("name"), column_of("amount", "DECIMAL(12,2)")]
    )
    world.deliver("t", "2026-01-06", "t_20260105.csv", 'id,amount,batch,more\n1,1,v2,"a\nb"\n2,x,v2,\n')
    report = world.ingest()
    assert world.rows("t", "id, name, _extra, _line") == [(1, None, '{"batch":"v2","more":"a\\nb"}', 2)]
    assert world.quarantine() == [
        (4, "amount", "row_quarantined"),
        (None, "batch", "kept_reported"),
        (None, "more", "kept_reported"),
        (None, "name", "kept_reported"),
    ]
    assert report.extracts[0].drift == (
        "column 'batch' is not in the contract; kept in _extra (1 file)",
        "column 'more' is not in the contract; kept in _extra (1 file)",
        "column 'name' is missing, optional; read as empty (1 file)",
    )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty, without even a header"),
        (b"id,amount\n1,1\n", "has no column 'name', which the contract requires"),
        (b"id;name;amount\n1;a;1\n", "has no column 'id', 'name', which the contract requires"),
        (b"id,name,amount,Name\n1,a,1,b\n", "has column 'name' twice"),
        ("id,name,amount\n1,é,1\n".encode("cp1252"), "holds bytes that are not UTF-8"),
        (b"id,name,amount\n1,a,1\n2,b", "is cut off in line 3"),
        (b'id,name,amount\n1,a,1\n2,"b\nc', "is cut off in line 3"),
        (b'id,name,amount\n1,a,1\n2,b,"3\n4,c,4\n', "ends inside a quoted cell of the record that begins in line 3"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_by_name_and_others_load(
    world: Any, column_of: Any, content: bytes, reason: str
) -> None:
    world.contract(
        "t",
        [
            column_of("id", "BIGINT", required=True),
            column_of("name", required=True),
            column_of("amount", "DECIMAL(12,2)"),
        ],
    )
    world.deliver("t", "2026-01-06", "t_20260105.csv", content)
    world.deliver("t", "2026-01-07", "t_20260106.csv", SIMPLE + "9,z,9\n")
    report = world.ingest()
    assert world.rows("t", "id") == [(9,)]
    assert world.quarantine("file", "line", "outcome") == [("t/2026-01-06/t_20260105.csv", None, "file_rejected")]
    assert report.extracts[0].rejected[0].startswith(f"t/2026-01-06/t_20260105.csv {reason}")
    assert report.threshold_exceeded == ()


def test_an_eight_bit_file_that_is_utf_8_is_refused(world: Any, column_of: Any) -> None:
    simple(world, column_of, encoding="cp1252")
    world.deliver("t", "2026-01-06", "t_20260105.csv", SIMPLE + "1,été,1\n")
    world.deliver("t", "2026-01-07", "t_20260106.csv", (SIMPLE + "2,été,1\n").encode("cp1252"))
    world.deliver("t", "2026-01-08", "t_20260107.csv", (SIMPLE + "3,\x81,1\n").encode("latin-1"))
    report = world.ingest()
    assert world.rows("t", "id, name") == [(2, "été")]
    assert [sentence.split(" ", 1)[1] for sentence in report.extracts[0].rejected] == [
        "is UTF-8, the contract says cp1252; export it again in cp1252",
        "cannot be read as cp1252; export it again in cp1252",
    ]


def test_values_with_quotes_and_newlines_reach_the_quarantine_whole(world: Any, column_of: Any, tmp_path: Path) -> None:
    from dagster_project.ingestion import read_records

    simple(world, column_of)
    world.deliver("t", "2026-01-06", "t_20260105.csv", SIMPLE + '1,"o\'neill ""x""\nline",abc\n')
    world.ingest()
    assert read_records(world.home, "t")["record"].to_pylist() == [
        '{"id":"1","name":"o\'neill \\"x\\"\\nline","amount":"abc"}'
    ]
