"""The careful way into a CSV file whose records and physical lines do not add up: blank lines between records,
records with too few or too many cells, quotes that never close.

DuckDB reads such a file only by leaving records out, and then nobody knows which line the others stand in. So
this one file is rewritten, every record led by the number of the line it starts in, and the records that are no
records are set aside. Only files DuckDB stumbled over come here; all others are read in bulk.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from dagster_project.ingestion.probe import FileRefusedError, csv_reader, decoded, physical_lines
from dagster_project.settings import Ingestion
from data_quality.contract import Dialect


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


def renumber(path: Path, dialect: Dialect, width: int, target: Path, limits: Ingestion) -> Renumbered:
    """Rewrite the file with `width` cells per record to `target`. Raises FileRefusedError when the file is cut off, or
    a record is longer than the limits."""
    footer = re.compile(dialect.footer_pattern) if dialect.footer_pattern else None
    broken: list[BrokenRecord] = []
    footers = longest = 0
    records = _Records(physical_lines(decoded(path, dialect, limits)), dialect, limits)
    last: int | None = None
    with target.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        for line, cells in records:
            last = len(cells)
            if footer is not None and footer.search(cells[0]):
                footers += 1
                last = None
            elif len(cells) == width:
                longest = max(longest, 4 * writer.writerow([line, *cells]))
            elif len(broken) < limits.max_quarantined_rows:
                broken.append(BrokenRecord(line, len(cells), dialect.delimiter.join(cells)))
            else:
                raise FileRefusedError(
                    f"has more than {limits.max_quarantined_rows:,} records without the {width} cells of its header, "
                    f"the first in line {broken[0].line}; export it again as the contract says, or raise "
                    "ingestion.max_quarantined_rows"
                )
    if last is not None:
        records.refuse_if_cut_off(last, width)
    return Renumbered(target, tuple(broken), footers, longest)


class _Records:
    """(physical line, cells) of every record after the header; blank lines are none. The last one's text is kept."""

    def __init__(self, lines: Iterator[str], dialect: Dialect, limits: Ingestion) -> None:
        self.dialect = dialect
        self.limits = limits
        for _ in range(dialect.skip_lines + 1):
            next(lines, "")
        self.start = self.next_start = dialect.skip_lines + 2
        self.text: list[str] = []
        self._lines = lines

    def __iter__(self) -> Iterator[tuple[int, list[str]]]:
        text: list[str] = []
        reader = csv_reader(self._collected(text), self.dialect)
        for cells in reader:
            if cells:
                self.start, self.text = self.next_start, list(text)
                yield self.start, cells
            text.clear()
            self.next_start = self.dialect.skip_lines + 2 + reader.line_num

    def _collected(self, text: list[str]) -> Iterable[str]:
        """The lines, those of the record being read also in `text`."""
        size = 0
        for line in self._lines:
            size = size + len(line) if text else len(line)
            if size > self.limits.max_line_bytes:
                raise FileRefusedError(
                    f"has a record of more than {self.limits.max_line_mb} million characters, which begins in line "
                    f"{self.next_start}: a quote may never close; deliver it again, with quotes in cells doubled"
                )
            text.append(line)
            yield line

    def refuse_if_cut_off(self, cells: int, width: int) -> None:
        """Judge the last record, which has so many cells."""
        if cells < width and not self.text[-1].endswith("\n"):
            raise FileRefusedError(f"is cut off in line {self.start}; deliver it again")
        try:
            list(csv_reader(self.text, self.dialect, strict=True))
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise FileRefusedError(
                    f"ends inside a quoted cell of the record that begins in line {self.start}; deliver it again, with "
                    "quotes in cells doubled"
                ) from error
