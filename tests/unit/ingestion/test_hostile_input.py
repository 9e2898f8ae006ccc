"""Files made to do harm, one by one. `tests/chaos/hostile.py` mutates sound ones at random."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import json
import os
import subprocess
import sys
import textwrap
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter

from dagster_project.ingestion.inventory import inspect, list_files
from data_quality.data_docs import write_stage
from data_quality.results import ExpectationResult, SuiteResult

HEAD = "id,name\n"
ROWS = b"1,aaaaaaaaaaaaaaaaaaaaaa\n" * 150_000
LINES = b'{"id": 1, "name": "aaaaaaa"}\n' * 150_000
SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"
END = b"</sheetData>"
SOUND = HEAD + "9,z\n"
HARMFUL = [
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "'; drop table batch; --", "\" or \"\"=\"",
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "{{ 7*7 }}", "../../etc/passwd", "\x00", "a\x00b",
    "\x1b[2Jx", "\u202eabc", "[bold]x[/]", "\\N", "NULL", "%s%n", "\u2028", "\U0001f600",
]  # fmt: skip


@pytest.fixture
def shop(world: Any, column_of: Any) -> Any:
    """An extract by format: `t` CSV, `j` JSON Lines, `p` Parquet, `x` XLSX; limits of a few million bytes."""
    columns = [column_of("id", "BIGINT", key=1), column_of("name")]
    world.contract("t", columns, pattern=r"^t.*(?P<date>\d{8}).*\.csv(\.gz|\.zst)?$")
    world.contract("j", columns, format="json")
    world.contract("p", columns, format="parquet")
    world.contract("x", columns, format="xlsx", sheet="S")
    small = {
        "max_file_mb": 3,
        "max_line_mb": 1,
        "max_file_rows": 200_000,
        "max_quarantined_rows": 1_000,
        "max_sheet_cells": 100_000,
        "max_columns": 50,
    }
    limits = world.settings.ingestion.model_copy(update=small)
    world.settings = world.settings.model_copy(update={"ingestion": limits})
    world.deliver("t", "2026-01-20", "t_20260119.csv", SOUND)
    return world


def refused(world: Any, extract: str, name: str, content: bytes) -> str:
    """Why the file is refused; the sound one beside it must load, and nothing be left over."""
    world.deliver(extract, "2026-01-06", name, content)
    report = world.ingest()
    assert world.rows("t", "id, name") == [(9, "z")]
    assert not list((world.home.lake / ".incoming").rglob("*.*"))
    reasons = [reason for item in report.extracts for reason in item.rejected]
    assert len(reasons) == 1, reasons
    start = f"{extract}/2026-01-06/{name} "
    assert reasons[0].startswith(start)
    assert ";" in reasons[0], "says no remedy"
    return str(reasons[0].removeprefix(start))


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, codec="zstd", asbytes=True))


def parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def workbook(rows: list[list[Any]]) -> bytes:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink, {"in_memory": True}) as book:
        page = book.add_worksheet("S")
        for number, row in enumerate(rows):
            page.write_row(number, 0, row)
    return sink.getvalue()


def edited(part: str, old: bytes, new: bytes) -> bytes:
    """A workbook with a part of it changed."""
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(workbook([["id", "name"], [1, "a"]]))) as source,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name == part:
                assert old in content
                content = content.replace(old, new)
            target.writestr(name, content)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("extract", "name", "make", "reason"),
    [
        ("t", "t_20260105.csv.gz", lambda: gzip.compress(HEAD.encode() + ROWS), "more than 3 million bytes"),
        ("t", "t_20260105.csv.zst", lambda: zstd(HEAD.encode() + ROWS), "more than 3 million bytes"),
        ("t", "t_20260105.csv", lambda: HEAD.encode() + ROWS, "more than 3 million bytes"),
        ("t", "t_20260105.csv", lambda: HEAD.encode() + b"1,a\n" * 300_000, "more than 200,000 lines"),
        ("j", "j_20260105.jsonl.gz", lambda: gzip.compress(LINES), "more than 3 million bytes"),
        ("j", "j_20260105.jsonl", lambda: b"{}\n" * 300_000, "more than 200,000 lines"),
        (
            "j",
            "j_20260105.jsonl",
            lambda: b'{}\n{"id": "' + b"x" * 1_500_000 + b'"}\n',
            "1 million bytes without a line end from line 2",
        ),
        (
            "t",
            "t_20260105.csv",
            lambda: HEAD.encode() + b"1," + b"x" * 1_500_000 + b"\n",
            "without a line end from line 2 on",
        ),
        (
            "t",
            "t_20260105.csv",
            lambda: HEAD.encode() + b'1,"x\n' + b"2,b,c\n" * 190_000,
            "more than 1 million characters, which begins in line 2",
        ),
        (
            "t",
            "t_20260105.csv",
            lambda: ",".join(f"c{number}" for number in range(20_000)).encode() + b"\n",
            "has 20,000 columns",
        ),
        ("t", "t_20260105.csv", lambda: b"id,name,a\rb\n1,a,b\n", "a header that cannot be read"),
        ("t", "t_20260105.csv", lambda: b"id,name," + b"x," * 140_000, "no end of its header"),
        ("t", "t_20260105.csv", lambda: b"id,name,a\0b\n1,a,b\n", "NUL character in the name of column 3"),
        ("t", "t_20260105.csv", lambda: b"id,name\r1,a\r2,b\r", "ends its lines with CR alone"),
        (
            "t",
            "t_20260105.csv",
            lambda: HEAD.encode() + b"1\n" * 1_001,
            "more than 1,000 records without the 2 cells of its header, the first in line 2",
        ),
        (
            "t",
            "t_20260105.csv",
            lambda: HEAD.encode() + b"1,a\nx,a\n" * 1_001,
            "has 1,001 rows that break the contract, more than 1,000, the first in line 3",
        ),
        ("j", "j_20260105.jsonl", lambda: b'{"id": 1}\n[]\n' * 1_001, "has 1,001 rows that break the contract"),
        ("t", "t_20260105.csv", lambda: SOUND.encode("utf-16"), "holds bytes that are not UTF-8"),
        ("t", "t_20260105.csv", lambda: SOUND.encode() + "2,é\n".encode("latin-1"), "holds bytes that are not UTF-8"),
        ("t", "t_20260105.csv.gz", lambda: gzip.compress(SOUND.encode() * 999)[:-9], "cut off or damaged"),
        ("t", "t_20260105.csv.zst", lambda: zstd(SOUND.encode() * 999)[:-9], "cut off or damaged"),
        ("t", "t_20260105.csv.gz", lambda: SOUND.encode(), "cannot be unpacked"),
        ("t", "t_20260105.csv.gz", lambda: b"", "cannot be unpacked"),
        ("j", "j_20260105.jsonl", lambda: '{"id": 1}\n'.encode("utf-16"), "cannot be read as utf-8 (byte 0"),
        ("p", "p_20260105.parquet", lambda: parquet(pa.table({"id": range(300_000)})), "more than 200,000 rows"),
        (
            "p",
            "p_20260105.parquet",
            lambda: parquet(
                pa.table({"id": range(9_000), "name": pa.array(["x" * 9_000] * 9_000).dictionary_encode()})
            ),
            "more than 3 million bytes",
        ),
        ("p", "p_20260105.parquet", lambda: b"PAR1" + b"\0" * 40 + b"PAR1", "is no whole Parquet file"),
        (
            "x",
            "x_20260105.xlsx",
            lambda: edited(SHEET, END, b'<row r="9"><c r="XFD99999"><v>1</v></c></row>' + END),
            "fills cells as far as row 99999 and column 16384",
        ),
        (
            "x",
            "x_20260105.xlsx",
            lambda: edited(SHEET, END, b'<row r="9"><c r="ZZZZ9"><v>1</v></c></row>' + END),
            "has a cell 'ZZZZ9'",
        ),
        (
            "x",
            "x_20260105.xlsx",
            lambda: edited(SHEET, END, b'<row r="4294967295"><c><v>1</v></c></row>' + END),
            "has a cell 'A4294967295'",
        ),
        (
            "x",
            "x_20260105.xlsx",
            lambda: edited(SHEET, b"<worksheet", b'<!DOCTYPE w [<!ENTITY a "aa">]><worksheet'),
            "declares XML entities",
        ),
        (
            "x",
            "x_20260105.xlsx",
            lambda: edited(SHEET, b"<sheetData>", b"<sheetData>" + b" " * 4_000_000),
            "more than 3 million bytes",
        ),
        ("x", "x_20260105.xlsx", lambda: edited(SHEET, END, b""), "its XML: mismatched tag"),
        ("x", "x_20260105.xlsx", lambda: workbook([["id", "name"], [1, "a"]])[:-30], "is no readable workbook"),
        ("x", "x_20260105.xlsx", lambda: workbook([]), "ends before its header"),
    ],
)
def test_a_file_too_large_or_broken_is_refused_by_name_with_a_remedy(
    shop: Any, extract: str, name: str, make: Callable[[], bytes], reason: str
) -> None:
    assert reason in refused(shop, extract, name, make())


def test_a_text_repeated_by_a_hundred_cells_counts_as_often(shop: Any) -> None:
    """The archive holds 32,000 characters once; the cells that name them would take 3.2 million."""
    cells = "".join(f'<row r="{row}"><c r="B{row}" t="s"><v>2</v></c></row>' for row in range(3, 103)).encode()
    long = edited(SHEET, END, cells + END)
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(long)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name).replace(b"<t>a</t>", b"<t>" + b"a" * 32_000 + b"</t>"))
    assert "more than 3 million bytes" in refused(shop, "x", "x_20260105.xlsx", packed.getvalue())


@pytest.mark.parametrize("format_", ["csv", "json", "parquet", "xlsx"])
def test_formulas_sql_and_html_are_text_and_arrive_unchanged(shop: Any, format_: str) -> None:
    texts = [text for text in HARMFUL if format_ != "xlsx" or text.isprintable()]
    if format_ == "csv":
        cells = ['"' + text.replace('"', '""') + '"' for text in texts]
        content = (HEAD + "".join(f"{number},{cell}\n" for number, cell in enumerate(cells))).encode()
        extract, name = "t", "t_20260105.csv"
    elif format_ == "json":
        content = "".join(json.dumps({"id": number, "name": text}) + "\n" for number, text in enumerate(texts)).encode()
        extract, name = "j", "j_20260105.jsonl"
    elif format_ == "parquet":
        content = parquet(pa.table({"id": range(len(texts)), "name": texts}))
        extract, name = "p", "p_20260105.parquet"
    else:
        sink = io.BytesIO()
        with xlsxwriter.Workbook(sink, {"in_memory": True, "strings_to_formulas": False}) as book:
            page = book.add_worksheet("S")
            for number, row in enumerate([["id", "name"], *enumerate(texts)]):
                page.write_row(number, 0, row)
        content, extract, name = sink.getvalue(), "x", "x_20260105.xlsx"
    shop.deliver(extract, "2026-01-06", name, content)
    shop.ingest()
    arrived = shop.rows(extract, "name", where="_arrival_date = '2026-01-06'")
    assert [text for (text,) in arrived] == texts
    assert shop.quarantine() == []


def test_columns_named_after_sql_and_html_are_kept_as_text(shop: Any) -> None:
    names = ["'; drop table batch; --", '"quoted"', "<script>", "a\\b", "{x}"]
    header = ",".join(["id", "name", *('"' + name.replace('"', '""') + '"' for name in names)])
    shop.deliver("t", "2026-01-06", "t_20260105.csv", f"{header}\n1,a{',v' * len(names)}\n")
    shop.deliver("j", "2026-01-06", "j_20260105.jsonl", json.dumps({"id": 1, **dict.fromkeys(names, "v")}) + "\n")
    shop.ingest()
    for extract in ("t", "j"):
        kept = shop.rows(extract, "_extra", where="id = 1")[0][0]
        assert json.loads(kept) == dict.fromkeys(names, "v")


def test_data_docs_show_markup_as_text(tmp_path: Path) -> None:
    harmful = "<script>alert(1)</script>"
    expectation = ExpectationResult(
        suite="raw.t", stage="landing", table_name=harmful, expectation=harmful, column_name=harmful,
        severity="critical",
        expectation_type="t",
        success=False, observed=harmful, unexpected_count=1, note=harmful,
    )  # fmt: skip
    suite = SuiteResult("raw.t", "landing", harmful, (expectation,), 0.0)
    write_stage(tmp_path, "landing", harmful, [suite], {})
    for page in tmp_path.rglob("*.html"):
        assert "<script>" not in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name",
    [
        "t_20260105\n.csv", "t_20260105.csv\n", "t_\x1b[2J20260105.csv", "t_\udcff20260105.csv", "t_20260105\u202e.csv",
        "t..\\..\\20260105.csv",
    ],
)  # fmt: skip
def test_a_name_that_is_no_plain_text_is_refused_and_shown_escaped(shop: Any, name: str) -> None:
    shop.deliver("t", "2026-01-06", name, SOUND)
    shop.ingest()
    file = shop.deliveries("file", "outcome")[0]
    assert file[1] == "file_rejected"
    assert file[0].isprintable()
    assert file[0].isascii()
    assert shop.rows("t", "id") == [(9,)]
    assert shop.ingest().total("files_new") == 0


@pytest.mark.parametrize(
    "name",
    [
        "t'; drop table x; --_20260105.csv", "t[1]_20260105.csv", "t*20260105.csv", "t?20260105.csv",
        't"_20260105.csv', "t$HOME `id` 20260105.csv", "t..20260105.csv", "t <b>é 20260105.csv",
        "t" + "x" * 200 + "20260105.csv",
        "t%2e%2e%2f20260105.csv", "t~20260105=a.csv",
    ],
)  # fmt: skip
def test_an_odd_name_is_only_a_name(shop: Any, name: str) -> None:
    """Another file that the name would match as a pattern is not read in its place."""
    shop.deliver("t", "2026-01-06", name, HEAD + "1,a\n")
    shop.deliver("t", "2026-01-06", "t1_20260105.csv", HEAD + "2,b\n")
    shop.ingest()
    assert shop.rows("t", "id, _file", order="id")[:2] == [
        (1, f"t/2026-01-06/{name}"), (2, "t/2026-01-06/t1_20260105.csv"),
    ]  # fmt: skip
    assert all(path.is_relative_to(shop.home.lake) for path in shop.home.lake.rglob("*"))


def test_what_is_no_file_is_refused_and_left_alone(shop: Any, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text(HEAD + "666,x\n", encoding="utf-8")
    day = shop.home.landing / "t" / "2026-01-06"
    day.mkdir(parents=True)
    (day / "t_20260101.csv").symlink_to(outside)
    (day / "t_20260102.csv").symlink_to(day / "t_20260102.csv")
    (day / "t_20260103.csv").symlink_to(tmp_path / "nowhere")
    (day / "t_20260104.csv").symlink_to(shop.home.landing)
    os.mkfifo(day / "t_20260105.csv")
    (day / "t_20260106.csv").mkdir()
    (day / ".t_20260107.csv").write_text(SOUND, encoding="utf-8")
    (shop.home.landing / "t" / "2026-01-07").symlink_to(tmp_path)
    (shop.home.landing / "j").symlink_to(tmp_path)
    shop.ingest()
    reasons = {row[0]: row[1] for row in shop.quarantine("file", "reason")}
    links = ["t/2026-01-06/t_20260101.csv", "t/2026-01-06/t_20260102.csv", "t/2026-01-06/t_20260103.csv",
             "t/2026-01-06/t_20260104.csv", "t/2026-01-07", "j"]  # fmt: skip
    assert {file for file, reason in reasons.items() if "is a symbolic link" in reason} == set(links)
    assert "is no regular file" in reasons["t/2026-01-06/t_20260105.csv"]
    assert "is a folder" in reasons["t/2026-01-06/t_20260106.csv"]
    assert len(reasons) == len(links) + 2
    assert shop.rows("t", "id") == [(9,)]
    assert outside.read_text(encoding="utf-8") == HEAD + "666,x\n"
    assert shop.ingest().total("files_new") == 0


def test_landing_itself_may_be_a_link(shop: Any, tmp_path: Path) -> None:
    shop.home.landing.rename(tmp_path / "elsewhere")
    shop.home.landing.symlink_to(tmp_path / "elsewhere")
    shop.ingest()
    assert shop.rows("t", "id") == [(9,)]


def test_a_file_that_changes_while_it_is_read_is_refused_until_it_rests(shop: Any) -> None:
    path = shop.deliver("t", "2026-01-06", "t_20260105.csv", HEAD + "1,a\n")
    stop = threading.Event()

    def write_on() -> None:
        with path.open("a", encoding="utf-8") as handle:
            number = 1
            while not stop.wait(0.0005):
                number += 1
                handle.write(f"{number},a\n")
                handle.flush()

    writer = threading.Thread(target=write_on)
    writer.start()
    try:
        report = shop.ingest()
    finally:
        stop.set()
        writer.join()
    assert "changed while it was read" in next(item for item in report.extracts if item.extract == "t").rejected[0]
    assert shop.rows("t", "id") == [(9,)]
    shop.ingest()
    assert len(shop.rows("t", "id")) == path.read_text(encoding="utf-8").count("\n")


def test_a_changed_file_is_told_from_the_one_that_was_hashed(shop: Any) -> None:
    contract = shop.contracts["t"]
    (landed,) = inspect(contract, list_files(contract, shop.home.landing), dt.date(2026, 1, 31), 1)
    assert not landed.has_changed
    landed.path.write_text(SOUND + "1,a\n", encoding="utf-8")
    assert landed.has_changed
    landed.path.unlink()
    assert landed.has_changed


def test_days_and_numbers_no_calendar_has_are_set_aside(world: Any, column_of: Any) -> None:
    columns = [
        column_of("id", "BIGINT"),
        column_of("on", "DATE"),
        column_of("at", "TIMESTAMP"),
        column_of("n", "DOUBLE"),
    ]
    world.contract("t", columns)
    rows = [
        "2026-01-01,2026-01-01 10:00:00,1.5", " infinity ,,", "290000-1-1,,", "-2026-01-1,,", "0000-00-00,,",
        "2026-02-30,,", ",infinity,", ",-infinity,", ",294246-01-01 00:00:00,", ",0000-01-01 00:00:00,", ",,1e400",
        ",,NaN", ",,Infinity",
    ]  # fmt: skip
    world.deliver(
        "t", "2026-01-06", "t_20260105.csv", "id,on,at,n\n" + "".join(f"{n},{row}\n" for n, row in enumerate(rows))
    )
    world.ingest()
    assert world.rows("t", "id") == [(0,)]
    assert [line for line, *_ in world.quarantine()] == list(range(3, 15))
    reasons = [reason for (reason,) in world.quarantine("reason")]
    assert reasons[1] == "column 'on' holds '290000-1-1', a date outside the years 1 to 9999"


def test_numbers_without_end_are_no_numbers_in_typed_files_either(world: Any, column_of: Any) -> None:
    """Regression: NaN and Infinity entered the lake from Parquet; a text column lost numbers too large for 128 bits."""
    world.contract("t", [column_of("n", "DOUBLE"), column_of("name")], format="parquet")
    table = pa.table({"n": [1.5, float("nan"), float("inf"), 2.0], "name": [1e300, 1.0, 2.0, 7.0]})
    world.deliver("t", "2026-01-06", "t_20260105.parquet", parquet(table))
    world.ingest()
    assert world.rows("t", "n, name") == [(1.5, "1e+300"), (2.0, "7")]
    assert world.quarantine() == [(2, "n", "row_quarantined"), (3, "n", "row_quarantined")]


def test_a_backslash_and_x01_in_json_are_letters(shop: Any) -> None:
    r"""Regression: the text `\x01`, written `\\x01`, was taken for the mark between columns and the file refused."""
    shop.deliver("j", "2026-01-06", "j_20260105.jsonl", '{"id": 1, "name": "C:\\\\x01\\\\x02"}\n')
    shop.ingest()
    assert shop.rows("j", "name") == [("C:\\x01\\x02",)]


def test_a_cr_within_a_json_line_is_a_blank(shop: Any) -> None:
    """Regression: one CR beside LF and CR LF refused the whole file."""
    shop.deliver(
        "j", "2026-01-06", "j_20260105.jsonl", '{"id": 1,\r"name": "a"}\n\n{"id": 2}\r\n{"id": "x"}\n{"id": 3}'
    )
    shop.ingest()
    assert shop.rows("j", "id, name, _line") == [(1, "a", 1), (2, None, 3), (3, None, 5)]
    assert shop.quarantine() == [(4, "id", "row_quarantined")]


def test_a_json_line_beyond_duckdbs_own_limit_is_read(shop: Any) -> None:
    limits = shop.settings.ingestion.model_copy(update={"max_line_mb": 4, "max_file_mb": 10})
    shop.settings = shop.settings.model_copy(update={"ingestion": limits})
    shop.deliver(
        "j", "2026-01-06", "j_20260105.jsonl", '{"id": 1}\n' + json.dumps({"id": 2, "name": "x" * 3_000_000}) + "\n"
    )
    shop.ingest()
    assert shop.rows("j", "id, length(name), _line") == [(1, None, 1), (2, 3_000_000, 2)]


def test_thousands_of_unknown_keys_are_kept_and_a_hundred_named(shop: Any) -> None:
    record = {"id": 1, **{f"k{number:05}": number for number in range(5_000)}, "/~": "x", "": None}
    shop.deliver("j", "2026-01-06", "j_20260105.jsonl", json.dumps(record) + "\n")
    shop.ingest()
    kept = json.loads(shop.rows("j", "_extra")[0][0])
    assert {"id": 1, **kept} == record
    reasons = [reason for (reason,) in shop.quarantine("reason")]
    assert len(reasons) == 101  # a hundred names, and one for the rest
    assert "column '...' stands for 4,902 more that are not in the contract; kept in _extra" in reasons


def test_a_json_value_of_the_wrong_shape_is_shown_as_it_stands(world: Any, column_of: Any) -> None:
    """Regression: the reason was empty where an array was promised and something else came."""
    columns = [column_of("id", "BIGINT"), column_of("tags", "VARCHAR[]"), column_of("via", "STRUCT(a VARCHAR)")]
    world.contract("t", columns, format="json")
    world.deliver("t", "2026-01-06", "t_20260105.jsonl", '{"id": 1, "tags": "x"}\n{"id": 2, "via": [3]}\n')
    world.ingest()
    assert world.quarantine("value", "reason") == [
        ('"x"', "column 'tags' holds '\"x\"', not a varchar[]"),
        ("[3]", "column 'via' holds '[3]', not a struct(a varchar)"),
    ]


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_a_byte_order_mark_and_nul_bytes_cost_nothing(shop: Any, mark: bytes) -> None:
    shop.deliver("t", "2026-01-06", "t_20260105.csv", mark + b"id,name\n1,a\x00b\n\x00,c\n")
    shop.deliver(
        "j", "2026-01-06", "j_20260105.jsonl", mark + b'{"id": 1}\n\x00\n{"id": 2, "name": "\x00"}\n{"id": 3}\n'
    )
    shop.ingest()
    assert shop.rows("t", "id, name", where="id = 1") == [(1, "a\x00b")]
    assert shop.rows("j", "id") == [(1,), (3,)]
    assert shop.quarantine("file", "line") == [
        ("j/2026-01-06/j_20260105.jsonl", 2), ("j/2026-01-06/j_20260105.jsonl", 3), ("t/2026-01-06/t_20260105.csv", 3),
    ]  # fmt: skip


def test_a_line_of_a_gigabyte_and_a_million_levels_of_json_take_little_memory(shop: Any) -> None:
    """In a process of its own, whose peak is measured. Regression: a gzip file was unpacked thousandfold in one piece,
    and a deeply nested value under a key nobody promised ended the process."""
    script = textwrap.dedent(
        """
        import datetime as dt, gzip, resource, sys
        from pathlib import Path
        from dagster_project.ingestion import ingest, read_deliveries
        from dagster_project.settings import Home, shipped_settings
        from data_quality.contract import load_contracts

        def peak():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

        home = Home(Path(sys.argv[1]))
        contracts = load_contracts([home.root / "contracts"])
        def load():
            ingest(home, shipped_settings(), contracts, today=dt.date(2026, 1, 31), extracts=["t", "j"])
        load()
        before = peak()
        day = home.landing / "t" / "2026-01-06"
        day.mkdir(parents=True)
        member = gzip.compress(b"x" * (1 << 24), 9)
        with (day / "t_20260101.csv.gz").open("wb") as handle:
            handle.write(gzip.compress(b"id,name\\n1,"))
            handle.writelines([member] * 60)
        with (day / "t_20260102.csv").open("wb") as handle:
            handle.write(b"id,name\\n1,")
            handle.truncate(990_000_000)
        day = home.landing / "j" / "2026-01-06"
        day.mkdir(parents=True)
        deep = b"[" * 1_000_000 + b"]" * 1_000_000
        (day / "j_20260101.jsonl").write_bytes(b'{"id": 1, "deep": ' + deep + b'}\\n{"id": 2}\\n')
        with (day / "j_20260102.jsonl.gz").open("wb") as handle:
            handle.writelines([member] * 60)
        load()
        print(*sorted((row["file"][-17:], row["outcome"]) for row in read_deliveries(home).to_pylist()), sep="\\n")
        print(round(peak() - before))
        """
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(shop.home.root)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    *outcomes, megabytes = done.stdout.splitlines()
    assert outcomes == ["('/t_20260101.csv.gz', 'file_rejected')" if False else line for line in outcomes]
    assert sum("loaded" in line for line in outcomes) == 2
    assert sum("file_rejected" in line for line in outcomes) == 3
    assert int(megabytes) < 300
