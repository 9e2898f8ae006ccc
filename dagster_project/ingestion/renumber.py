"""The careful way into a CSV file whose records and physical lines do not add up: blank lines between records,
records with too few or too many cells, quotes that never close.

DuckDB reads such a file only by leaving records out, and then nobody knows which line the others stand in. So
this one file is rewritten, every record led by the number of the line it starts in, and the records that are no
records are set aside. Only files DuckDB stumbled over come here; all others are read in bulk.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dagster_project.ingestion.probe import FileRefusedError, csv_reader, decoded
from data_quality.contract import Dialect

_LONGEST_CELL = 1 << 27


@dataclass(frozen=True)
class BrokenRecord:
    """A record with the wrong number of cells: the physical line it starts in, and its text."""

    line: int
    cells: int
    text: str


@dataclass(frozen=True)
class Renumbered:
    """`path`: UTF-8, comma separated, no header, line number first. `footers`: closing lines found. `longest`: bytes
    of the longest record."""

    path: Path
    broken: tuple[BrokenRecord, ...]
    footers: int
    longest: int


def renumber(path: Path, dialect: Dialect, width: int, target: Path) -> Renumbered:
    """Rewrite the file with `width` cells per record to `target`. Raises FileRefusedError when the file is cut off."""
    text = decoded(path, dialect)
    csv.field_size_limit(_LONGEST_CELL)
    footer = re.compile(dialect.footer_pattern) if dialect.footer_pattern else None
    broken: list[BrokenRecord] = []
    footers = longest = 0
    last: tuple[int, int] | None = None
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        for line, cells in _records(text, dialect):
            last = line, len(cells)
            if footer is not None and footer.search(cells[0]):
                footers += 1
                last = None
            elif len(cells) == width:
                longest = max(longest, 4 * writer.writerow([line, *cells]))
            else:
                broken.append(BrokenRecord(line, len(cells), dialect.delimiter.join(cells)))
    if last is not None:
        _refuse_if_cut_off(text, dialect, *last, width)
    return Renumbered(target, tuple(broken), footers, longest)


def _records(text: str, dialect: Dialect) -> Iterator[tuple[int, list[str]]]:
    """(physical line, cells) of every record after the header; blank lines are none."""
    lines = io.StringIO(text, newline="")
    for _ in range(dialect.skip_lines + 1):
        next(lines, "")
    reader = csv_reader(lines, dialect)
    start = dialect.skip_lines + 2
    for cells in reader:
        if cells:
            yield start, cells
        start = dialect.skip_lines + 2 + reader.line_num


def _refuse_if_cut_off(text: str, dialect: Dialect, line: int, cells: int, width: int) -> None:
    """Judge the last record, which starts in `line`."""
    if cells < width and not text.endswith("\n"):
        raise FileRefusedError(f"is cut off in line {line}; deliver it again")
    tail = "".join(io.StringIO(text, newline="").readlines()[line - 1 :])
    try:
        list(csv_reader([tail], dialect, strict=True))
    except csv.Error as error:
        if "unexpected end of data" in str(error):
            raise FileRefusedError(
                f"ends inside a quoted cell of the record that begins in line {line}; deliver it again, with quotes in "
                "cells doubled"
            ) from error
