"""The landing folder: every extract's files, in their dialect, in their arrival folder, dirty where `dirt` says so.

`landing/<extract>/<arrival date>/<file>`; a file arrives the day after its business date unless a defect delays it.
Records are rendered for as many whole files at once as fit `CHUNK_ROWS`, so memory does not grow with the length of
the window.
"""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from dagster_project.simulator.calendar import Window, day_of
from dagster_project.simulator.columns import Flags, Ints
from dagster_project.simulator.dirt import DirtBook, FilePlan, RowDefect
from dagster_project.simulator.render import Cells, csv_line, csv_records, json_line, json_records

CHUNK_ROWS = 250_000
FUTURE_FOLDER = "2999-01-01"
EXTRA_COLUMN = "export_batch"


@dataclass(frozen=True)
class FileKey:
    """A file to deliver: its name and business day (day number)."""

    name: str
    day: int


@dataclass(frozen=True)
class Dialect:
    """How an extract's text files are written. `kind` csv or jsonl; preamble and footer are whole lines per file."""

    kind: str = "csv"
    delimiter: str = ","
    encoding: str = "utf-8"
    is_gzip: bool = False
    preamble: Callable[[int], list[str]] | None = None
    footer: Callable[[int], list[str]] | None = None


@dataclass
class Landing:
    """Writes files and counts them. `rows` counts records per extract as first delivered (re-deliveries not
    counted).
    """

    root: Path
    window: Window
    dirt: DirtBook
    files: int = 0
    rows: dict[str, int] = field(default_factory=dict)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(max_workers=2))
    _pending: list[Future[None]] = field(default_factory=list)

    def write_text(
        self,
        extract: str,
        files: Sequence[FileKey],
        file_of_row: Ints,
        cells: Callable[[Ints], Cells],
        dialect: Dialect,
        eligible: Flags | None = None,
    ) -> None:
        """Write one extract of text files. `file_of_row`: index into `files` per record, ascending; `cells(rows)`
        renders records; `eligible`: records that may carry a defect.
        """
        starts = np.searchsorted(file_of_row, np.arange(len(files) + 1))
        plans = self.dirt.plan(extract, [key.day for key in files], starts, eligible)
        for low, high in _chunks(starts):
            rows = np.arange(starts[low], starts[high], dtype=np.int64)
            rendered = cells(rows)
            records = (
                (csv_records(rendered, dialect.delimiter) if dialect.kind == "csv" else json_records(rendered))
                if len(rows)
                else None
            )
            body = _Body(rendered, records, dialect)
            for number in range(low, high):
                first, last = int(starts[number] - starts[low]), int(starts[number + 1] - starts[low])
                self._deliver_text(extract, files[number], number, body, first, last, plans[number], int(starts[low]))
            self._settle()
        self._count(extract, len(file_of_row))

    def write_parquet(
        self,
        extract: str,
        files: Sequence[FileKey],
        file_of_row: Ints,
        table: Callable[[Ints], Any],
        eligible: Flags | None = None,
    ) -> None:
        """Write one extract of Parquet files; `table(rows)` is the Arrow table of the rows."""
        starts = np.searchsorted(file_of_row, np.arange(len(files) + 1))
        plans = self.dirt.plan(extract, [key.day for key in files], starts, eligible, typed=True)
        for low, high in _chunks(starts):
            rows = np.arange(starts[low], starts[high], dtype=np.int64)
            chunk = table(rows)
            for number in range(low, high):
                first = int(starts[number] - starts[low])
                part = chunk.slice(first, int(starts[number + 1] - starts[number]))
                plan = plans[number]
                for defect in plan.rows:
                    part = _spoil_table(part, defect.row - int(starts[number]), defect)
                    self.dirt.note(
                        extract,
                        self._path(extract, files[number]),
                        defect.row - int(starts[number]) + 1,
                        defect.kind,
                        defect.outcome,
                    )
                sink = io.BytesIO()
                pq.write_table(part, sink, compression="zstd")
                self._place(extract, files[number], plan, sink.getvalue(), worse=None)
            self._settle()
        self._count(extract, len(file_of_row))

    def write_sheets(
        self,
        extract: str,
        files: Sequence[FileKey],
        sheet: str,
        header: Sequence[str],
        tables: Sequence[list[list[Any]]],
    ) -> None:
        """Write one extract of XLSX files, one table of rows each. Row 2 of a sheet is its first record."""
        starts = np.cumsum([0, *(len(table) for table in tables)])
        plans = self.dirt.plan(extract, [key.day for key in files], starts)
        for number, (key, table, plan) in enumerate(zip(files, tables, plans, strict=True)):
            head, rows = list(header), table
            if plan.rows or plan.action == "extra_column":
                rows = [list(row) for row in table]
            for defect in plan.rows:
                row = defect.row - int(starts[number])
                value = defect.value or ""
                is_number = value.lstrip("-").isdigit()
                rows[row][head.index(defect.column)] = int(value) if is_number else value
                self.dirt.note(extract, self._path(extract, key), row + 2, defect.kind, defect.outcome)
            if plan.action == "extra_column":
                head, rows = [*head, EXTRA_COLUMN], [[*row, "v2"] for row in rows]
            self._place(extract, key, plan, _workbook(sheet, head, rows), worse=None)
        self._count(extract, int(starts[-1]))

    def close(self) -> None:
        """Wait for the last file; raises what writing it raised."""
        self._settle()
        self._pool.shutdown()

    def _count(self, extract: str, rows: int) -> None:
        self.rows[extract] = self.rows.get(extract, 0) + rows

    def _path(self, extract: str, key: FileKey, delay: int = 0) -> str:
        return f"{extract}/{day_of(key.day + 1 + delay).isoformat()}/{key.name}"

    def _deliver_text(
        self, extract: str, key: FileKey, number: int, body: _Body, first: int, last: int, plan: FilePlan, offset: int
    ) -> None:
        dialect = body.dialect
        head = [*(dialect.preamble(number) if dialect.preamble else []), *body.header()]
        tail = "".join(line + "\n" for line in dialect.footer(number)) if dialect.footer else ""
        top = "".join(line + "\n" for line in head)
        noted: list[tuple[int, RowDefect]] = []
        data = body.content(first, last, [(defect.row - offset, defect) for defect in plan.rows], len(head) + 1, noted)
        for line, defect in noted:
            self.dirt.note(extract, self._path(extract, key), line, defect.kind, defect.outcome)
        raw = top.encode() + data + tail.encode()
        if plan.action == "wrong_encoding" and raw.isascii():
            plan = self.dirt.postpone(extract, number, plan)
        self._place(
            extract,
            key,
            plan,
            raw,
            worse=lambda: body.worse(plan.action, head, first, last, tail, plan.column),
            dialect=dialect,
        )

    def _place(
        self,
        extract: str,
        key: FileKey,
        plan: FilePlan,
        raw: bytes,
        worse: Callable[[], bytes] | None,
        dialect: Dialect | None = None,
    ) -> None:
        """Write the delivery or deliveries of one file as its plan says."""
        action = plan.action
        finish = _finisher(dialect)
        note = self.dirt.note
        if action in ("", "late", "extra_column", "duplicate"):
            delay = plan.delay if action == "late" else 0
            if action == "extra_column" and worse is not None:
                raw = worse()
            self._write(self._path(extract, key, delay), raw, finish)
            if action == "duplicate":
                self._write(self._path(extract, key, plan.delay), raw, finish)
                note(extract, self._path(extract, key, plan.delay), None, "delivered_twice", "deduplicated")
            elif action:
                note(
                    extract,
                    self._path(extract, key, delay),
                    None,
                    "late_file" if action == "late" else "unexpected_column",
                    "kept_reported",
                )
            return
        if action == "future":
            self._write(self._path(extract, key), raw, finish)
            name = key.name.replace(day_of(key.day).isoformat(), FUTURE_FOLDER)
            self._write(f"{extract}/{FUTURE_FOLDER}/{name}", raw, finish)
            note(extract, f"{extract}/{FUTURE_FOLDER}/{name}", None, "future_folder", "file_rejected")
            return
        # A bad delivery, then a good one under the same name some days later, still within the contract's latency.
        if action == "truncated":
            self._write(self._path(extract, key), raw, lambda data: finish(data)[: max(40, len(finish(data)) * 2 // 3)])
            note(extract, self._path(extract, key), None, "truncated_file", "file_rejected")
        elif action == "wrong_encoding":
            assert dialect is not None
            other = "utf-8" if dialect.encoding == "cp1252" else "cp1252"
            self._write(self._path(extract, key), raw, _finisher(Dialect(encoding=other, is_gzip=dialect.is_gzip)))
            note(extract, self._path(extract, key), None, "wrong_encoding", "file_rejected")
        else:
            assert worse is not None
            self._write(self._path(extract, key), worse(), finish)
            outcome, kind = {
                "missing_column": ("file_rejected", "missing_column"),
                "replaced": ("replaced", "corrected_later"),
            }[action]
            note(extract, self._path(extract, key), None, kind, outcome)
        self._write(self._path(extract, key, plan.delay), raw, finish)

    def _write(self, path: str, raw: bytes, finish: Callable[[bytes], bytes]) -> None:
        self.files += 1
        self._pending.append(self._pool.submit(_store, self.root / path, raw, finish))

    def _settle(self) -> None:
        for pending in self._pending:
            pending.result()
        self._pending.clear()


@dataclass(frozen=True)
class _Body:
    """The rendered records of some whole files."""

    cells: Cells
    records: Any
    dialect: Dialect

    def header(self) -> list[str]:
        return [self.dialect.delimiter.join(self.cells)] if self.dialect.kind == "csv" else []

    def _slice(self, first: int, last: int) -> bytes:
        if self.records is None or first == last:
            return b""
        part = self.records.slice(first, last - first)
        offsets = np.frombuffer(part.buffers()[1], dtype=np.int32)
        low, high = offsets[part.offset], offsets[part.offset + len(part)]
        return bytes(memoryview(part.buffers()[2])[low:high])

    def content(
        self, first: int, last: int, defects: list[tuple[int, RowDefect]], line: int, noted: list[tuple[int, RowDefect]]
    ) -> bytes:
        """Records first..last-1 with the defects in place; appends (physical line, defect) to `noted`. `line`: where
        records begin.
        """
        if not defects:
            return self._slice(first, last)
        pieces, at = [], first
        for row, defect in sorted(defects, key=lambda item: item[0]):
            before = self._slice(at, row)
            good = self._slice(row, row + 1)
            line += before.count(b"\n")
            bad = self._spoiled(row, good, defect)
            noted.append((line + (good.count(b"\n") if defect.kind == "repeated_row" else 0), defect))
            line += bad.count(b"\n")
            pieces += [before, bad]
            at = row + 1
        return b"".join([*pieces, self._slice(at, last)])

    def _row(self, row: int) -> dict[str, str | None]:
        return {name: values[row].as_py() for name, values in self.cells.items()}

    def _spoiled(self, row: int, good: bytes, defect: RowDefect) -> bytes:
        if defect.kind == "repeated_row":
            return good + good
        if defect.kind == "invalid_json":
            return good[: len(good) * 3 // 5].rstrip() + b"\n"
        cells = self._row(row)
        if defect.kind == "too_few_cells":
            return csv_line(list(cells.values())[: len(cells) // 2], self.dialect.delimiter).encode()
        if defect.kind == "too_many_cells":
            return csv_line([*cells.values(), "?", "?"], self.dialect.delimiter).encode()
        cells[defect.column] = defect.value
        text = (
            csv_line(list(cells.values()), self.dialect.delimiter) if self.dialect.kind == "csv" else json_line(cells)
        )
        return text.encode()

    def worse(self, action: str, head: list[str], first: int, last: int, tail: str, column: str) -> bytes:
        """The file as delivered wrongly: without a column, with one too many, or without its last records."""
        top = head[:-1] if self.dialect.kind == "csv" else head
        if action == "replaced":
            kept = first + max(1, (last - first) * 4 // 5)
            return "".join(line + "\n" for line in head).encode() + self._slice(first, kept) + tail.encode()
        part = {name: values.slice(first, last - first) for name, values in self.cells.items()}
        if action == "missing_column":
            del part[column]
        else:
            word = "v2" if self.dialect.kind == "csv" else '"v2"'
            part[EXTRA_COLUMN] = pa.repeat(pa.scalar(word), last - first)
        if self.dialect.kind == "csv":
            text = "".join(line + "\n" for line in [*top, self.dialect.delimiter.join(part)])
            records = csv_records(part, self.dialect.delimiter)
        else:
            text, records = "", json_records(part)
        return text.encode() + "".join(records.to_pylist()).encode() + tail.encode()


def _finisher(dialect: Dialect | None) -> Callable[[bytes], bytes]:
    """UTF-8 text to the file's bytes: encoded and compressed as the dialect says; binary files pass through."""
    if dialect is None:
        return lambda data: data
    if dialect.encoding == "utf-8":
        encode: Callable[[bytes], bytes] = lambda data: data  # noqa: E731
    elif dialect.encoding == "utf-8-sig":
        encode = lambda data: b"\xef\xbb\xbf" + data  # noqa: E731
    elif dialect.encoding == "utf-16":
        encode = lambda data: b"\xff\xfe" + data.decode().encode("utf-16-le")  # noqa: E731
    else:
        encode = lambda data: data.decode().encode(dialect.encoding, errors="replace")  # noqa: E731
    if dialect.is_gzip:
        return lambda data: gzip.compress(encode(data), compresslevel=1, mtime=0)
    return encode


def _store(path: Path, raw: bytes, finish: Callable[[bytes], bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(finish(raw))


def _chunks(starts: Ints) -> list[tuple[int, int]]:
    """Runs of whole files of about CHUNK_ROWS records: (first file, last file + 1)."""
    out, low, files = [], 0, len(starts) - 1
    while low < files:
        high = low + 1
        while high < files and starts[high + 1] - starts[low] <= CHUNK_ROWS:
            high += 1
        out.append((low, high))
        low = high
    return out


def _spoil_table(table: Any, row: int, defect: RowDefect) -> Any:
    values = table.column(defect.column).to_pylist()
    values[row] = defect.value
    position = table.schema.get_field_index(defect.column)
    return table.set_column(position, table.schema.field(position), pa.array(values, table.schema.field(position).type))


def _workbook(sheet: str, header: list[str], rows: list[list[Any]]) -> bytes:
    """XLSX bytes that depend on the content alone (fixed creation date)."""
    sink = io.BytesIO()
    book = xlsxwriter.Workbook(sink, {"in_memory": True, "constant_memory": False, "strings_to_numbers": False})
    book.set_properties({"created": datetime(2020, 1, 1)})  # noqa: DTZ001 - xlsxwriter takes a naive UTC time
    page = book.add_worksheet(sheet)
    page.write_row(0, 0, header)
    for number, row in enumerate(rows, start=1):
        page.write_row(number, 0, row)
    book.close()
    return sink.getvalue()
