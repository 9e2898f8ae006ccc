"""A look at a workbook before it is read: how much it unpacks to, and how many cells it would fill.

The reader makes room for every cell up to the last one filled out, and what does not fit in memory ends the process. A
file of a few thousand bytes can ask for that, with one cell in the last row and column, or with sheets that repeat
themselves when unpacked.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from xml.parsers import expat

from dagster_project.ingestion.probe import CHUNK, FileRefusedError, too_large
from dagster_project.settings import Ingestion

MOST_ROWS, MOST_COLUMNS = 1 << 20, 1 << 14  # of a sheet, by the format
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([0-9]{1,7})")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)
_STRINGS = "xl/sharedstrings.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"


def check_workbook(path: Path, limits: Ingestion) -> None:
    """Unpack a workbook once, to its end, and keep nothing of it. XLS, which is not packed and has 65,536 rows of 256
    cells at most, passes. Raises FileRefusedError for one that is damaged or larger than the limits."""
    if path.suffix.lower() == ".xls":
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if sum(member.file_size for member in members) > limits.max_file_bytes:
                raise too_large(limits)
            lengths: list[int] = []
            sheets: set[str] = set()
            # First what names the sheets, and the texts they name.
            first = (_RELATIONS, _STRINGS)
            for member in sorted(members, key=lambda member: member.filename.lower() not in first):
                with archive.open(member) as unpacked:
                    if member.filename.lower() == _STRINGS:
                        lengths = _text_lengths(unpacked)
                    elif member.filename.lower() == _RELATIONS:
                        sheets |= _targets(unpacked)
                    elif _SHEET.fullmatch(member.filename) or _file_name(member.filename) in sheets:
                        _check_sheet(member.filename, unpacked, lengths, limits)
                    elif member.filename == "content.xml":
                        _check_open_document(unpacked, limits)
                    else:
                        for _ in _pieces(unpacked):
                            pass
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError, ValueError) as error:
        raise FileRefusedError(f"is no readable workbook ({error}); deliver it again") from error
    except expat.ExpatError as error:
        raise FileRefusedError(f"is no readable workbook (its XML: {error}); deliver it again") from error


def _pieces(unpacked: IO[bytes]) -> Iterator[bytes]:
    while piece := unpacked.read(CHUNK):
        yield piece


def _parse(unpacked: IO[bytes], parser: expat.XMLParserType) -> None:
    def refuse(*_: object) -> None:
        raise FileRefusedError("declares XML entities, which no workbook needs; save it again as XLSX")

    parser.StartDoctypeDeclHandler = refuse
    for piece in _pieces(unpacked):
        parser.Parse(piece, False)
    parser.Parse(b"", True)


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _file_name(path: str) -> str:
    return re.split(r"[/\\\\]", path)[-1].lower()


def _targets(unpacked: IO[bytes]) -> set[str]:
    """File names of the workbook's parts."""
    found: set[str] = set()
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda _, attributes: found.add(_file_name(attributes.get("Target", "")))
    _parse(unpacked, parser)
    return found


def _text_lengths(unpacked: IO[bytes]) -> list[int]:
    """Characters of every shared text."""
    lengths: list[int] = []

    def start(name: str, _: dict[str, str]) -> None:
        if _local(name) == "si":
            lengths.append(0)

    def text(data: str) -> None:
        if lengths:
            lengths[-1] += len(data)

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.CharacterDataHandler = start, text
    _parse(unpacked, parser)
    return lengths


def _check_sheet(name: str, unpacked: IO[bytes], lengths: list[int], limits: Ingestion) -> None:
    """Follow the reader's own steps: a cell stands where its reference says, or after the one before."""
    row = column = -1
    last_row = last_column = 0
    text_size = 0
    is_shared = is_index = False

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal row, column, last_row, last_column, is_shared, is_index
        tag = _local(tag)
        if tag == "c":
            reference = attributes.get("r")
            if reference is None:
                column += 1
            else:
                row, column = _place(name, reference)
            is_shared = attributes.get("t") == "s"
        elif tag == "row":
            number = attributes.get("r", str(row + 2))
            row, column = _place(name, f"A{number}")[0], -1
        elif tag in ("v", "is", "f"):
            last_row, last_column = max(last_row, row), max(last_column, column)
            if (last_row + 1) * (last_column + 1) > limits.max_sheet_cells:
                raise FileRefusedError(
                    f"fills cells as far as row {last_row + 1} and column {last_column + 1} of {name}, more than "
                    f"{limits.max_sheet_cells:,} cells; clear what lies beyond the table, or raise "
                    "ingestion.max_sheet_cells"
                )
            is_index = is_shared and tag == "v"

    def text(data: str) -> None:
        nonlocal text_size, is_index
        if is_index and data.strip().isdecimal() and int(data) < len(lengths):
            text_size += lengths[int(data)]
            if text_size > limits.max_file_bytes:
                raise too_large(limits)
        is_index = False

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.CharacterDataHandler = start, text
    _parse(unpacked, parser)


def _place(sheet: str, reference: str) -> tuple[int, int]:
    """Row and column, from 0."""
    match = _REFERENCE.fullmatch(reference)
    column = 0
    for letter in match[1].upper() if match else "":
        column = column * 26 + ord(letter) - ord("A") + 1
    if match is None or not 0 < int(match[2]) <= MOST_ROWS or column > MOST_COLUMNS:
        raise FileRefusedError(f"has a cell '{reference[:20]}' in {sheet}, which no sheet has; save it again as XLSX")
    return int(match[2]) - 1, column - 1


def _check_open_document(unpacked: IO[bytes], limits: Ingestion) -> None:
    """An OpenDocument sheet says how often rows and cells repeat; those that hold something are made each time."""
    rows = 1
    cells = 0

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal rows, cells
        tag = _local(tag)
        if tag == "table-row":
            rows = int(attributes.get("table:number-rows-repeated", "1"))
        elif tag == "table-cell" and any(key.startswith("office:") for key in attributes):
            cells += rows * int(attributes.get("table:number-columns-repeated", "1"))
            if cells > limits.max_sheet_cells:
                raise FileRefusedError(
                    f"fills more than {limits.max_sheet_cells:,} cells; clear what lies beyond the table, or raise "
                    "ingestion.max_sheet_cells"
                )

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    _parse(unpacked, parser)
