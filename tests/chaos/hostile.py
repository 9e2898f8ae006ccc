"""Hostile input: mutated extracts of every channel and format, brought into a small home, and what must hold then.

A case is one file (or what lies in a file's place) with a verdict of its own. A round lays some of them beside a sound
delivery of the same extract and one of another, calls the ingestion in this process, and checks `_Round.check`. The
mutations are drawn by Hypothesis, so a round that fails shrinks to the smallest that does:

    python -m tests.chaos.hostile --cases 10000
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import gzip
import hashlib
import io
import json
import os
import random
import resource
import shutil
import stat
import tempfile
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from dagster_project.ingestion import find_contracts, ingest, read_deliveries, read_quarantine
from dagster_project.ingestion.inventory import list_files
from dagster_project.settings import Home, Settings, shipped_settings
from dagster_project.simulator import simulate
from data_quality.contract import Contract
from tests.chaos.report import Row

TODAY = dt.date(2030, 1, 1)
FILES_PER_ROUND = 25
MEMORY_BYTES = 3_000_000_000  # this process may take so much: DuckDB's 2 GB, and the rest
LIMITS = {
    "max_file_mb": 2,
    "max_line_mb": 1,
    "max_file_rows": 20_000,
    "max_sheet_cells": 200_000,
    "max_columns": 200,
    "threads": 1,
}

NASTY_TEXTS = (
    "=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1+1)", "'; drop table batch; --", '" or ""="',
    "<script>alert(1)</script>", "</td><img src=x onerror=alert(1)>", "${jndi:ldap://x}", "{{ 7*7 }}",
    "../../../etc/passwd", "\x00", "a\x00b", "\x1b[2J", "\ufeff", "\u202eabc", "\U0001f600", "\ud800", "é", "\r",
    "\n", "\r\n", '"', '""', "'", "\\", "\\N", "null", "NULL", "", " ", "\u00a0", "x" * 5000, '"unclosed',
    "a;b,c\td|e", "[bold]x[/]", "%s%n", "\x01" * 4, "\x85", "\u2028",
)  # fmt: skip
NASTY_NUMBERS = (
    "0", "-0", "1e400", "-1e400", "NaN", "Infinity", "-Infinity", "1e-400", "9" * 400, "0x10", "1_000", "1,5", "1.5.5",
    "99999999999999999999", "-9223372036854775809", "0.1234567890123456789", "٣", "1e5", "+5", "true",
)  # fmt: skip
NASTY_DATES = (
    "0000-00-00", "99999-01-01", "2026-02-30", "2026-13-01", "infinity", " infinity ", "epoch", "290000-1-1",
    "-2026-01-1", "2026-03-29T02:30:00", "2026-03-29 02:30:00", "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00", "1e9", "2026-10-25 02:30:00", "2026-01-01T24:00:00Z", "2026-01-01T00:00:60Z",
    "12345-01-01T00:00:0Z", "31/02/2026",
)  # fmt: skip
NASTY_VALUES = NASTY_TEXTS + NASTY_NUMBERS + NASTY_DATES
NASTY_JSON = (
    "[" * 2000 + "]" * 2000, '{"a":' * 2000 + "1" + "}" * 2000, "[" * 1000, '"\\ud800"', '"\\u0000"', "1e400", "NaN",
    "{}", "[]", "null", '{"":{"":[]}}', "9" * 400, '"' + "x" * 5000 + '"', "[[[[1]]]]", '{"a":1,"a":2}', "'a'",
    "True", "\\",
)  # fmt: skip
NASTY_BYTES = (
    b"\x00", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xf4\x90\x80\x80",
    b"\r", b"\n", b"\r\n", b'"', b"\x1a", b"\x01\x01\x01\x01", b"\n\n\n", b",,,,,,,,", b"\x80\x81\x8d\x9d",
    b"\x1f\x8b\x08", b"PK\x03\x04",
)  # fmt: skip
NASTY_NAMES = (
    "{stem}\n{suffix}", "{stem}'; drop table x; --{suffix}", "..{stem}{suffix}", "{stem}*{suffix}",
    "[{stem}]{suffix}", "{stem}?{suffix}", '"{stem}"{suffix}', "{stem}\x1b[2J{suffix}", "\udcff{stem}{suffix}",
    "%2e%2e%2f{stem}{suffix}", "{stem}" + "x" * 150 + "{suffix}", "{stem}{suffix}\n", "{stem}{suffix}.exe",
    "..\\..\\{stem}{suffix}", "$HOME{stem}{suffix}", "<b>{stem}</b>{suffix}".replace("/", "_"), "{stem}{suffix} ",
    "-rf {stem}{suffix}", "~{stem}{suffix}", "{stem}.gz{suffix}",
)  # fmt: skip
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "latin-1", "cp1252", "cp437", "utf-7")
PLACES = (
    "file",
    "link_out",
    "link_in",
    "dangling",
    "loop",
    "pipe",
    "folder",
    "nested",
    "no_date",
    "future",
    "socket_name",
)

PARQUET_CONTRACT = {
    "apiVersion": "v3.1.0", "kind": "DataContract", "id": "sales", "version": "1.0.0", "status": "active",
    "servers": [{"server": "landing", "type": "local", "path": "landing/sales", "format": "parquet"}],
    "schema": [{"name": "sales", "properties": [
        {"name": name, "physicalName": name, "physicalType": type_, "logicalType": logical, **more,
         "classification": "internal", "description": f"The {name}."}
        for name, type_, logical, more in (
            ("id", "BIGINT", "integer", {"required": True, "primaryKey": True, "primaryKeyPosition": 1}),
            ("label", "VARCHAR", "string", {}), ("amount", "DECIMAL(12,2)", "number", {}),
            ("weight", "DOUBLE", "number", {}), ("at", "TIMESTAMP", "timestamp", {}), ("on", "DATE", "date", {}),
            ("item", "STRUCT(sku VARCHAR, pieces BIGINT)", "object", {}), ("tags", "VARCHAR[]", "array", {}),
        )
    ]}],
    "slaProperties": [{"property": name, "value": 1, "unit": "d"} for name in ("frequency", "latency", "retention")],
    "customProperties": [
        {"property": "filePattern", "value": r"^sales_(?P<date>\d{4}-\d{2}-\d{2})\.parquet$"},
        {"property": "delivery", "value": "increment"},
    ],
}  # fmt: skip


# --- What is mutated -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sound:
    """A sound delivery. `content` is unpacked; `suffix` says how it is packed."""

    extract: str
    arrival: str
    name: str
    content: bytes

    def named(self, day: dt.date) -> str:
        """The file's name with another date."""
        own = dt.date.fromisoformat(self.arrival)
        for back in range(60):
            for pattern in ("%Y-%m-%d", "%Y%m%d"):
                if (text := (own - dt.timedelta(days=back)).strftime(pattern)) in self.name:
                    return self.name.replace(text, day.strftime(pattern))
        raise AssertionError(f"no date in {self.name}")


@dataclass(frozen=True)
class World:
    """Sound deliveries by extract, the contracts, and what the sound ones leave in the lake when alone."""

    contracts: Mapping[str, Contract]
    settings: Settings
    sound: Mapping[str, Sequence[Sound]]
    alone: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Step:
    """One mutation: what, where (shares of the content in [0, 1)), with what."""

    kind: str
    at: float
    to: float
    which: int


@dataclass(frozen=True)
class Case:
    """One hostile file: a sound one, mutated, in a place, under a name."""

    extract: str
    source: int
    steps: tuple[Step, ...]
    packed_steps: tuple[Step, ...]
    place: str = "file"
    name: int | None = None


def make_world(scratch: Path) -> World:
    """Simulate a small retailer and keep small deliveries of every extract."""
    shipped = shipped_settings()
    limits = shipped.ingestion.model_copy(update=LIMITS)
    own = shipped.model_copy(update={"ingestion": limits})
    home = Home(scratch / "retailer").create()
    (home.root / "contracts").mkdir(exist_ok=True)
    (home.root / "contracts" / "sales.odcs.yaml").write_text(yaml.safe_dump(PARQUET_CONTRACT), encoding="utf-8")
    simulate(60, 2, 5, home.landing)
    sales = home.landing / "sales" / "2026-01-02"
    sales.mkdir(parents=True)
    pq.write_table(_sales(50), sales / "sales_2026-01-01.parquet")
    contracts = find_contracts(home, own)
    ingest(home, own, contracts, today=TODAY)
    usable = {
        row["file"] for row in read_deliveries(home).to_pylist() if row["outcome"] == "loaded" and row["rows_loaded"]
    }
    sound: dict[str, list[Sound]] = {}
    for extract, contract in contracts.items():
        files = [(file, path) for file, path in list_files(contract, home.landing) if file in usable]
        for file, path in sorted(files, key=lambda item: item[1].stat().st_size)[-3:]:
            _, arrival, name = file.split("/")
            sound.setdefault(extract, []).append(Sound(extract, arrival, name, _unpack(path)))
    alone = {}
    for extract, deliveries in sound.items():
        place = Home(scratch / "alone" / extract).create()
        _land(place, deliveries[0])
        ingest(place, own, contracts, today=TODAY, extracts=[extract])
        alone[extract] = _lake(place)
    return World(contracts, own, sound, alone)


def _sales(rows: int) -> pa.Table:
    return pa.table(
        {
            "id": list(range(rows)),
            "label": [f"l{number}" for number in range(rows)],
            "amount": pa.array([number / 4 for number in range(rows)], pa.float64()),
            "weight": [number / 3 for number in range(rows)],
            "at": pa.array([dt.datetime(2026, 1, 1, tzinfo=dt.UTC)] * rows, pa.timestamp("us", "UTC")),
            "on": [dt.date(2026, 1, 1)] * rows,
            "item": [{"sku": "a", "pieces": number} for number in range(rows)],
            "tags": [["a", "b"]] * rows,
        }
    )


def _unpack(path: Path) -> bytes:
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def _pack(name: str, content: bytes) -> bytes:
    if name.endswith(".gz"):
        return gzip.compress(content, 1, mtime=0)
    if name.endswith(".zst"):
        return bytes(pa.compress(content, codec="zstd", asbytes=True))
    return content


def _land(home: Home, sound: Sound) -> None:
    path = home.landing / sound.extract / sound.arrival / sound.name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_pack(sound.name, sound.content))


# --- Mutations -------------------------------------------------------------------------------------------------------

BYTE_STEPS = ("flip", "cut", "remove", "repeat", "splice", "insert", "zero", "shuffle")
TEXT_STEPS = (
    "cell", "cell", "cell", "quoted_cell", "encode", "ends", "swap", "twice", "no_header", "long_line", "many_rows",
    "many_columns", "quote", "blank_lines", "rename_header",
)  # fmt: skip


def mutated(world: World, case: Case) -> bytes:
    sound = world.sound[case.extract][case.source % len(world.sound[case.extract])]
    dialect = world.contracts[case.extract].dialect(sound.name)
    content = sound.content
    for step in case.steps:
        if step.kind in BYTE_STEPS and dialect.format != "xlsx":
            content = _bytes_step(content, step, world)
        elif dialect.format == "xlsx":
            content = _workbook_step(content, step, world)
        elif dialect.format == "parquet":
            content = _parquet_step(content, step)
        elif dialect.format == "json":
            content = _json_step(content, step)
        else:
            content = _csv_step(content, step, dialect.encoding, dialect.delimiter, dialect.skip_lines)
        if len(content) > 10_000_000:
            break
    content = _pack(sound.name, content)
    for step in case.packed_steps:
        content = _bytes_step(content, step, world)
    return content


def _bytes_step(content: bytes, step: Step, world: World) -> bytes:
    at = int(step.at * len(content))
    to = max(at, int(step.to * len(content)))
    if step.kind == "cut":
        return content[:at]
    if step.kind == "remove":
        return content[:at] + content[to:]
    if step.kind == "repeat":
        return content[:to] + content[at:to] * (1 + step.which % 3) + content[to:]
    if step.kind == "splice":
        every = sorted(world.sound)
        other = world.sound[every[step.which % len(every)]][0].content
        return content[:at] + other[int(step.at * len(other)) : int(step.to * len(other))] + content[to:]
    if step.kind == "insert":
        return content[:at] + NASTY_BYTES[step.which % len(NASTY_BYTES)] + content[at:]
    if step.kind == "zero":
        return content[:at] + b"\0" * (to - at) + content[to:]
    if step.kind == "shuffle":
        return content[to:] + content[at:to] + content[:at]
    return content[:at] + bytes([step.which % 256]) + content[at + 1 :]


def _text(content: bytes, encoding: str) -> str:
    return content.decode(encoding, errors="surrogateescape" if encoding.startswith("utf-8") else "replace")


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding, errors="surrogateescape")
    except UnicodeEncodeError:
        return text.encode(encoding, errors="replace")


def _csv_step(content: bytes, step: Step, encoding: str, delimiter: str, skip: int) -> bytes:
    text = _text(content, encoding)
    lines = text.split("\n")
    row = skip + 1 + int(step.at * max(1, len(lines) - skip - 1))
    value = NASTY_VALUES[step.which % len(NASTY_VALUES)]
    if step.kind == "encode":
        return _encoded(text, ENCODINGS[step.which % len(ENCODINGS)])
    if step.kind == "ends":
        return _encoded(
            text.replace("\r\n", "\n").replace("\n", ("\r", "\r\n", "\n\r", "\n\n")[step.which % 4]), encoding
        )
    if step.kind == "no_header":
        del lines[skip : skip + 1]
    elif step.kind == "twice" and len(lines) > skip:
        lines[skip] = lines[skip].rstrip("\r") + delimiter + lines[skip]
    elif step.kind == "rename_header" and len(lines) > skip:
        cells = lines[skip].split(delimiter)
        cells[int(step.to * len(cells))] = value
        lines[skip] = delimiter.join(cells)
    elif step.kind == "long_line":
        lines.insert(min(row, len(lines)), "x" * (20_000 if step.which % 4 else 1_100_000))
    elif step.kind == "many_rows":
        lines[row:row] = lines[row : row + 1] * (500 if step.which % 8 else 25_000)
    elif step.kind == "many_columns" and len(lines) > skip:
        lines[skip] = delimiter.join([lines[skip].rstrip("\r"), *(f"n{number}" for number in range(step.which % 300))])
    elif step.kind == "swap":
        lines = [delimiter.join(reversed(line.rstrip("\r").split(delimiter))) for line in lines]
    elif step.kind == "blank_lines":
        lines[row:row] = [""] * (1 + step.which % 5)
    elif row < len(lines):
        cells = lines[row].split(delimiter)
        if step.kind == "quote":
            value = '"' + cells[int(step.to * len(cells))]
        elif step.kind == "quoted_cell":
            value = '"' + value.replace('"', '""') + '"'
        cells[int(step.to * len(cells))] = value
        lines[row] = delimiter.join(cells)
    return _encoded("\n".join(lines), encoding)


def _json_step(content: bytes, step: Step) -> bytes:
    text = _text(content, "utf-8")
    lines = text.split("\n")
    row = int(step.at * max(1, len(lines) - 1))
    if step.kind == "encode":
        return _encoded(text, ENCODINGS[step.which % len(ENCODINGS)])
    if step.kind == "ends":
        return _encoded(text.replace("\n", ("\r", "\r\n", "\n\r", "\n\n")[step.which % 4]), "utf-8")
    if step.kind == "long_line":
        lines.insert(row, '{"x": "' + "x" * (20_000 if step.which % 4 else 1_100_000) + '"}')
    elif step.kind == "many_rows":
        lines[row:row] = lines[row : row + 1] * (500 if step.which % 8 else 25_000)
    elif step.kind == "blank_lines":
        lines[row:row] = [""] * (1 + step.which % 5)
    elif step.kind == "no_header":
        lines[row] = NASTY_JSON[step.which % len(NASTY_JSON)]
    elif step.kind == "many_columns":
        lines[row] = json.dumps({f"n{number}": number for number in range(step.which * 3)})
    else:
        try:
            record = json.loads(lines[row])
        except (ValueError, RecursionError):
            return content
        # A step before may have put anything else there.
        if not isinstance(record, dict) or not record:
            return content
        key = sorted(record)[int(step.to * len(record))]
        mark = "\x02mark\x02"
        if step.kind in ("rename_header", "twice"):
            record[NASTY_TEXTS[step.which % len(NASTY_TEXTS)]] = (
                record[key] if step.kind == "twice" else record.pop(key)
            )
            lines[row] = json.dumps(record)
        elif step.kind == "cell":
            record[key] = mark
            lines[row] = json.dumps(record).replace(json.dumps(mark), NASTY_JSON[step.which % len(NASTY_JSON)])
        else:
            record[key] = NASTY_VALUES[step.which % len(NASTY_VALUES)]
            lines[row] = json.dumps(record, ensure_ascii=step.which % 2 == 0)
    return _encoded("\n".join(lines), "utf-8")


NASTY_XML = (
    (b"</sheetData>", b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'),
    (b"</sheetData>", b'<row r="9"><c r="ZZZZZZ9"><v>1</v></c></row></sheetData>'),
    (b"</sheetData>", b'<row r="4294967295"><c><v>1</v></c></row></sheetData>'), (b"<v>0</v>", b"<v>999999</v>"),
    (b"<v>1</v>", b"<v>-1</v>"), (b"<v>2</v>", b"<v>1e400</v>"), (b"<v>3</v>", b"<v>NaN</v>"),
    (b"<sheetData>", b"<sheetData><row><c><v>"), (b"t=\"s\"", b't="d"'), (b"t=\"s\"", b't="e"'),
    (b"<c ", b"<c s=\"99999\" "),
    (b"<worksheet", b'<!DOCTYPE w [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]><worksheet'), (b"<t>", b"<t>_x0000_"),
    (b"<sst", b'<!DOCTYPE w [<!ENTITY a "b">]><sst'), (b"</t>", b"=cmd|' /C calc'!A0&lt;script&gt;</t>"),
    (b"<t>", b"<t>\xff"), (b"<dimension ", b'<dimension ref="A1:XFD1048576" x="'), (b"</row>", b""),
    (b"UTF-8", b"UTF-16"), (b"<sheet ", b"<sheet state=\"hidden\" "),
    (b"worksheets/sheet1.xml", b"../../../../etc/passwd"), (b"<c r=", b"<c rr="), (b"<row r=", b"<row rr="),
    (b"name=", b"nam="),
)  # fmt: skip


def _workbook_step(content: bytes, step: Step, world: World) -> bytes:
    """Mutate one part of the archive and pack it again."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = {name: archive.read(name) for name in archive.namelist()}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        return content
    if step.kind in BYTE_STEPS:
        name = sorted(parts)[int(step.at * len(parts))] if step.which % 2 else "xl/worksheets/sheet1.xml"
        parts[name] = _bytes_step(parts.get(name, b""), step, world)
    elif step.kind == "no_header":
        parts.pop(sorted(parts)[int(step.at * len(parts))], None)
    elif step.kind == "many_rows":
        parts["xl/media/zeros.bin"] = b"\0" * (3_000_000 if step.which % 2 else 1_000)
    else:
        old, new = NASTY_XML[step.which % len(NASTY_XML)]
        parts = {name: data.replace(old, new, 1 + int(step.to * 5)) for name, data in parts.items()}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _parquet_step(content: bytes, step: Step) -> bytes:
    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError, ValueError):
        return content
    value = NASTY_TEXTS[step.which % len(NASTY_TEXTS)].encode("utf-8", "replace").decode()
    column = int(step.at * max(1, table.num_columns))
    if step.kind == "many_rows" and table.num_rows:
        table = pa.concat_tables([table] * (20 if step.which % 4 else 500))
    elif step.kind == "no_header" and table.num_columns > 1:
        table = table.remove_column(column)
    elif step.kind in ("rename_header", "twice"):
        names = list(table.column_names)
        names[column] = value if step.kind == "rename_header" else names[0]
        table = table.rename_columns(names)
    elif step.kind == "long_line" and table.num_rows < 100:
        big = pa.array(["x" * 50_000]).dictionary_encode()
        table = table.append_column("bomb", big.take(pa.array([0] * table.num_rows, pa.int32())))
    elif table.num_columns:
        strange: Any = (float("nan"), float("inf"), -1e300, 2**62, value, None, b"\xff\x00", True)[step.which % 8]
        table = table.set_column(column, table.column_names[column], pa.array([strange] * table.num_rows))
    sink = io.BytesIO()
    try:
        pq.write_table(table, sink)
    except (pa.ArrowException, ValueError):
        return content
    return sink.getvalue()


# --- One round -------------------------------------------------------------------------------------------------------


class _Round:
    """Hostile files beside sound ones, ingested; `check` raises AssertionError when what must hold does not."""

    def __init__(self, world: World, cases: Sequence[Case], scratch: Path) -> None:
        self.world = world
        self.cases = cases
        self.root = Path(tempfile.mkdtemp(dir=scratch))
        self.home = Home(self.root / "home").create()
        self.canary = self.root / "canary"
        self.canary.mkdir()
        (self.canary / "orders.csv").write_text("outside\n", encoding="utf-8")
        others = sorted(set(world.sound) - {case.extract for case in cases})
        control = random.Random(len(cases)).choice(others)
        self.extracts = sorted({control, *(case.extract for case in cases)})
        for extract in self.extracts:
            _land(self.home, world.sound[extract][0])
        self.placed = [self._place(number, case) for number, case in enumerate(cases)]

    def _place(self, number: int, case: Case) -> Path:
        day = dt.date(2001, 1, 1) + dt.timedelta(days=2 * number)
        sources = self.world.sound[case.extract]
        name = sources[case.source % len(sources)].named(day)
        if case.name is not None:
            plain = Path(name)
            name = NASTY_NAMES[case.name % len(NASTY_NAMES)].format(stem=plain.stem, suffix=plain.suffix)
        folder = self.home.landing / case.extract / (day + dt.timedelta(days=1)).isoformat()
        if case.place == "future":
            folder = folder.with_name("2999-01-01")
        elif case.place == "no_date":
            folder = folder.with_name(f"inbox {number}")
        elif case.place == "nested":
            folder = folder / "a" / "b"
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / name
        if case.place == "link_out":
            path.symlink_to(self.canary / "orders.csv")
        elif case.place == "link_in":
            path.symlink_to(self.home.landing)
        elif case.place == "dangling":
            path.symlink_to(self.root / "nowhere")
        elif case.place == "loop":
            path.symlink_to(path)
        elif case.place == "pipe":
            os.mkfifo(path)
        elif case.place == "folder":
            path.mkdir()
        else:
            path.write_bytes(mutated(self.world, case))
        return path

    def check(self) -> None:
        outside, landing = _tree(self.canary), _tree(self.home.landing)
        self._ingest()
        assert _tree(self.canary) == outside, "something outside the home was touched"
        assert _tree(self.home.landing) == landing, "landing was changed"
        assert {path.name for path in self.root.iterdir()} == {"canary", "home"}, (
            "something was written beside the home"
        )
        self._check_verdicts()
        self._check_sound()
        state = self._state()
        report = self._ingest()
        assert self._state() == state, "a second run left another state"
        assert report.total("files_new") == 0, "a second run read files again"

    def _ingest(self) -> Any:
        return ingest(self.home, self.world.settings, self.world.contracts, today=TODAY, extracts=self.extracts)

    def _check_verdicts(self) -> None:
        entries: dict[str, list[dict[str, Any]]] = {}
        for row in read_deliveries(self.home).to_pylist():
            entries.setdefault(row["extract"], []).append(row)
        quarantine = read_quarantine(self.home).to_pylist()
        reasons = {row["file"]: row["reason"] for row in quarantine if row["outcome"] == "file_rejected"}
        lines: dict[str, int] = {}
        for row in quarantine:
            if row["line"] is not None:
                assert row["reason"], f"no reason: {row}"
                assert row["line"] > 0, f"no line: {row}"
                lines[row["file"]] = lines.get(row["file"], 0) + 1
        by_file = {row["file"]: row for rows in entries.values() for row in rows}
        for extract in self.extracts:
            listed = list_files(self.world.contracts[extract], self.home.landing)
            assert len({file for file, _ in listed}) == len(listed), "two files are shown by one name"
            assert {row["file"] for row in entries[extract]} == {file for file, _ in listed}, "a file has no verdict"
            for file, path in listed:
                self._check_file(extract, path, by_file[file], reasons.get(file), lines.get(file, 0))
        shown = {path: file for extract in self.extracts for file, path in
                 list_files(self.world.contracts[extract], self.home.landing)}  # fmt: skip
        hidden = [
            path
            for path in self.placed
            if path not in shown and not path.name.startswith(".") and not stat.S_ISDIR(path.lstat().st_mode)
        ]
        assert not hidden, f"left out: {hidden}"

    def _check_file(self, extract: str, path: Path, entry: dict[str, Any], reason: str | None, lines: int) -> None:
        if entry["outcome"] == "file_rejected":
            assert reason is not None, f"rejected without a reason: {entry}"
            assert reason.startswith(entry["file"]), f"names no file: {reason}"
            assert ";" in reason.removeprefix(entry["file"]), f"names no remedy: {reason}"
            assert len(reason) < 1500, f"too long: {reason}"
            assert not any(ord(mark) < 32 or 127 <= ord(mark) < 160 for mark in reason), f"no plain text: {reason!r}"
            assert entry["rows_loaded"] == 0
            return
        assert stat.S_ISREG(path.lstat().st_mode), f"loaded from what is no file: {entry}"
        read, set_aside = entry["rows_read"], entry["rows_quarantined"] + entry["rows_deduplicated"]
        assert read == entry["rows_loaded"] + set_aside, f"rows are lost: {entry}"
        if entry["is_current"]:
            assert lines == set_aside, f"{lines} records for {set_aside} rows set aside: {entry}"
        counted = _count(self.world.contracts[extract], path)
        assert counted is None or counted == read, f"{counted} rows stand in the file, {read} were read: {entry}"

    def _check_sound(self) -> None:
        lake = _lake(self.home)
        for extract in self.extracts:
            for file, content in self.world.alone[extract].items():
                assert lake.get(file) == content, f"{file} loads differently beside hostile files"
        rows = sum(pq.read_metadata(path).num_rows for path in (self.home.lake / "raw").rglob("*.parquet"))
        stated = [row["rows_loaded"] for row in read_deliveries(self.home).to_pylist() if row["is_current"]]
        assert rows == sum(stated), f"the lake holds {rows} rows, the ledger says {sum(stated)}"
        assert not (self.home.lake / ".incoming").exists() or not any((self.home.lake / ".incoming").iterdir())
        stray = [path for path in self.home.root.rglob("*.part") if self.home.landing not in path.parents]
        assert not stray, f"left over: {stray}"

    def _state(self) -> dict[str, str]:
        return {**_tree(self.home.lake), **_tree(self.home.quarantine)}

    def remove(self) -> None:
        shutil.rmtree(self.root)


def _tree(folder: Path) -> dict[str, str]:
    found = {}
    for root, folders, files in os.walk(folder):
        for name in [*folders, *files]:
            path = os.path.join(root, name)  # noqa: PTH118, names that are no text
            status = os.lstat(path)
            found[path] = f"{stat.S_IFMT(status.st_mode)} {status.st_mode}"
            if stat.S_ISREG(status.st_mode):
                with open(path, "rb") as handle:  # noqa: PTH123
                    found[path] += hashlib.sha256(handle.read()).hexdigest()
    return found


def _lake(home: Home) -> dict[str, str]:
    files = sorted((home.lake / "raw").rglob("*.parquet"))
    return {
        path.relative_to(home.lake).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
        if "ds=1970-01-01" not in path.parts
    }


def _count(contract: Contract, path: Path) -> int | None:
    """Rows of a file, counted without the ingestion; None when it is not well formed enough to say."""
    dialect = contract.dialect(path.name)
    try:
        if dialect.format == "parquet":
            return int(pq.read_metadata(path).num_rows)
        if dialect.format == "xlsx":
            return None
        text = _unpack(path).decode("utf-8-sig" if dialect.encoding == "utf-8" else dialect.encoding)
    except (OSError, EOFError, ValueError, pa.ArrowException):
        return None
    if "\r" in text.replace("\r\n", ""):
        return None
    if dialect.format == "json":
        return sum(1 for line in text.split("\n") if line.strip(" \r"))
    head_and_rest = text.split("\n", dialect.skip_lines + 1)
    rest = head_and_rest[-1] if len(head_and_rest) == dialect.skip_lines + 2 else ""
    csv.field_size_limit(1 << 28)
    try:
        records = [
            cells
            for cells in csv.reader(io.StringIO(rest, newline=""), delimiter=dialect.delimiter, strict=True)
            if cells
        ]
    except csv.Error:
        return None
    if dialect.footer_pattern:
        return None
    return len(records)


# --- Drawing ---------------------------------------------------------------------------------------------------------


def rounds(extracts: Sequence[str]) -> st.SearchStrategy[list[Case]]:
    """The cases of a round are of one extract: each more would cost a session of its own."""
    shares = st.integers(0, 999).map(lambda share: share / 1000)

    def steps(kinds: Sequence[str], most: int) -> st.SearchStrategy[tuple[Step, ...]]:
        step = st.builds(Step, st.sampled_from(kinds), shares, shares, st.integers(0, 999))
        return st.lists(step, max_size=most).map(tuple)

    def of(extract: str) -> st.SearchStrategy[list[Case]]:
        source = st.integers(0, 2)
        packed = st.one_of(*[st.just(())] * 3, steps(BYTE_STEPS, 1))
        ordinary = st.builds(Case, st.just(extract), source, steps((*TEXT_STEPS, *BYTE_STEPS), 3), packed)
        name = st.one_of(st.none(), st.integers(0, len(NASTY_NAMES) - 1))
        strange = st.builds(Case, st.just(extract), source, st.just(()), st.just(()), st.sampled_from(PLACES), name)
        every = st.one_of(*[ordinary] * 9, strange)
        return st.lists(every, min_size=FILES_PER_ROUND, max_size=FILES_PER_ROUND)

    return st.sampled_from(extracts).flatmap(of)


def fuzz(world: World, number: int, scratch: Path, *, first_seed: int = 0, tell: bool = False) -> int:
    """Run so many cases, rounded up to whole rounds, and return their number. Raises what a failing round raises, once
    it is as small as it gets."""
    done = 0
    started = time.perf_counter()

    @seed(first_seed)
    @settings(
        max_examples=-(-number // FILES_PER_ROUND),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
        print_blob=False,
    )
    @given(rounds(sorted(world.sound)))
    def play(drawn: list[Case]) -> None:
        nonlocal done
        game = _Round(world, drawn, scratch)
        try:
            game.check()
        finally:
            game.remove()
        done += len(drawn)
        if tell and done % 500 == 0:
            rate = done / (time.perf_counter() - started)
            print(f"{done:6,} cases, {rate:.1f} a second, {_peak() >> 20} MiB", flush=True)

    play()
    assert _peak() < MEMORY_BYTES, f"this process took {_peak():,} bytes"
    return done


def _peak() -> int:
    """Most memory this process has held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def run(number: int, *, first_seed: int = 0, tell: bool = False) -> Row:
    """The part of `make chaos`."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as scratch:
        world = make_world(Path(scratch))
        played = fuzz(world, number, Path(scratch), first_seed=first_seed, tell=tell)
    seconds = time.perf_counter() - started
    return Row("hostile input", cases=played, seconds=seconds, note=f"at most {_peak() >> 20} MiB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    row = run(arguments.cases, first_seed=arguments.seed, tell=True)
    print(f"{row.cases:,} cases in {row.seconds:,.0f} s, {row.note}")


if __name__ == "__main__":
    main()
