"""A first look at a text file, before DuckDB reads it: is it whole, is it of a size that can be read, is it in the
contract's encoding, what is its header.

One pass over the bytes, a chunk in memory at a time; what it learns (number of physical lines, header, whether the text
must be rewritten) is all the readers need to read thousands of files in one query and still name the line of every
record.
"""

from __future__ import annotations

import codecs
import csv
import io
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from dagster_project.settings import Ingestion
from dagster_project.warehouse.machine import is_disk_full
from data_quality.contract import Dialect

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

CHUNK = 1_000_000  # bytes; a line within one is never too long, for `max_line_mb` is a whole number of them
HEAD = 1 << 18
_LONGEST_CELL = 1 << 30  # what is read is bounded by the limits; the library's own bound is lower

# Encodings DuckDB reads itself; any other is rewritten as UTF-8 beside. Python's name -> DuckDB's.
NATIVE = {"utf-8": "utf-8", "iso8859-1": "latin-1", "cp1250": "CP1250", "cp1252": "CP1252"}
NEEDS_EXTENSION = {"CP1250", "CP1252"}


class FileRefusedError(Exception):
    """A file that cannot be used at all; the message says why and what to do."""


@dataclass(frozen=True)
class Extent:
    """How much a text file holds: `size` in bytes, unpacked, and `lines`, a last one without line end included."""

    size: int
    lines: int
    ends_with_newline: bool


@dataclass(frozen=True)
class Probe:
    """What the bytes say; `header` is the cells."""

    path: Path
    encoding: str
    extent: Extent
    header: tuple[str, ...]
    must_rewrite: bool


def python_encoding(name: str) -> str:
    """Python's canonical name of an encoding, a byte order mark aside."""
    canonical = codecs.lookup(name).name
    return "utf-8" if canonical == "utf-8-sig" else canonical


def probe(path: Path, dialect: Dialect, limits: Ingestion) -> Probe:
    """Look at a CSV file. Raises FileRefusedError when it is empty, cut off, larger than the limits, without a header,
    or not in the contract's encoding."""
    encoding = python_encoding(dialect.encoding)
    if encoding in NATIVE:
        extent, head = _native_text(path, encoding, dialect, limits)
    else:
        extent, head = _other_text(path, dialect, limits)
    return Probe(
        path=path,
        encoding=NATIVE.get(encoding, "utf-8"),
        extent=extent,
        header=_header(head, dialect),
        must_rewrite=encoding not in NATIVE,
    )


def _native_text(path: Path, encoding: str, dialect: Dialect, limits: Ingestion) -> tuple[Extent, str]:
    """Extent and head of a file that DuckDB reads as it is."""
    head = bytearray()
    counted = _Counted()
    is_ascii, is_utf8 = True, True
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in chunks(path, limits):
        head += chunk[: HEAD - len(head)]
        counted.add(chunk)
        if is_utf8 and not (chunk.isascii() and not decoder.getstate()[0]):
            is_ascii = False
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError:
                is_utf8 = False
    if is_utf8:
        try:
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            is_utf8 = False
    if not head:
        raise _empty()
    if encoding == "utf-8" and not is_utf8:
        raise FileRefusedError("holds bytes that are not UTF-8; export it again as UTF-8, as the contract says")
    if encoding != "utf-8" and is_utf8 and not is_ascii:
        raise FileRefusedError(f"is UTF-8, the contract says {dialect.encoding}; export it again in {dialect.encoding}")
    return counted.extent, bytes(head).decode(encoding, errors="replace").removeprefix("\ufeff")


def _other_text(path: Path, dialect: Dialect, limits: Ingestion) -> tuple[Extent, str]:
    """Extent (as UTF-8) and head of a file that is rewritten for DuckDB."""
    head = ""
    counted = _Counted()
    for text in decoded(path, dialect, limits):
        head += text[: HEAD - len(head)]
        counted.add(text.encode())
    if not counted.size:
        raise _empty()
    return counted.extent, head


def _empty() -> FileRefusedError:
    return FileRefusedError("is empty, without even a header; deliver it again")


@dataclass
class _Counted:
    """Adds up chunks."""

    size: int = 0
    ends: int = 0
    last: bytes = b""

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self.ends += chunk.count(b"\n")
        self.last = chunk[-1:] or self.last

    @property
    def extent(self) -> Extent:
        ends_with_newline = self.last == b"\n"
        return Extent(self.size, self.ends + (self.size > 0 and not ends_with_newline), ends_with_newline)


def measure(path: Path, limits: Ingestion) -> Extent:
    """Read a file to its end, unpacked, which for a packed one proves that it is whole: DuckDB does not. Raises
    FileRefusedError when it is not, or larger than the limits."""
    counted = _Counted()
    for chunk in chunks(path, limits):
        counted.add(chunk)
    return counted.extent


def decoded(path: Path, dialect: Dialect, limits: Ingestion) -> Iterator[str]:
    """The text, piece by piece, without byte order mark. Raises FileRefusedError when it is not in the contract's
    encoding, cut off, or larger than the limits."""
    encoding = python_encoding(dialect.encoding)
    decoder = codecs.getincrementaldecoder(encoding)()
    before, mark, is_first = 0, b"", True

    def decode(data: bytes, *, final: bool = False) -> str:
        pending = len(decoder.getstate()[0])
        try:
            return decoder.decode(data, final)
        except UnicodeDecodeError as error:
            raise FileRefusedError(
                f"cannot be read as {dialect.encoding} (byte {before - pending + error.start}: {error.reason}); it is "
                f"cut off or in another encoding, export it again in {dialect.encoding}"
            ) from error

    for chunk in chunks(path, limits):
        if encoding == "utf-16" and len(mark) < 2:
            mark += chunk[: 2 - len(mark)]
            if len(mark) == 2 and mark not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
                raise FileRefusedError("has no UTF-16 byte order mark; export it again as UTF-16, as the contract says")
        if text := decode(chunk):
            yield text.removeprefix("\ufeff") if is_first else text
            is_first = False
        before += len(chunk)
    yield decode(b"", final=True)


def chunks(path: Path, limits: Ingestion) -> Iterator[bytes]:
    """The file's bytes, unpacked, at most CHUNK at a time. Raises FileRefusedError when the file cannot be read, is cut
    off or damaged, or when bytes, lines or the length of a line pass the limits: the rest is then not unpacked."""
    size = lines = since_newline = 0
    try:
        for chunk in _unpacked(path):
            size += len(chunk)
            if size > limits.max_file_bytes:
                raise too_large(limits)
            first = chunk.find(b"\n")
            if since_newline + (len(chunk) if first < 0 else first) > limits.max_line_bytes:
                raise FileRefusedError(
                    f"has more than {limits.max_line_mb} million bytes without a line end from line {lines + 1} on; "
                    "deliver it again with a line end after every record, or raise ingestion.max_line_mb"
                )
            since_newline = since_newline + len(chunk) if first < 0 else len(chunk) - 1 - chunk.rfind(b"\n")
            lines += chunk.count(b"\n")
            if lines > limits.max_file_rows:
                raise too_many_rows("lines", limits)
            yield chunk
    except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
        if is_packed(path):
            raise FileRefusedError(
                f"cannot be unpacked ({sentence(error)}); it is cut off or damaged, deliver it again"
            ) from error
        raise unreadable(error) from error


def is_packed(path: Path) -> bool:
    return path.suffix.lower() in (".gz", ".zst")


def too_large(limits: Ingestion) -> FileRefusedError:
    return FileRefusedError(
        f"holds more than {limits.max_file_mb} million bytes, unpacked; deliver it in parts, or raise "
        "ingestion.max_file_mb"
    )


def too_many_rows(what: str, limits: Ingestion) -> FileRefusedError:
    return FileRefusedError(
        f"holds more than {limits.max_file_rows:,} {what}; deliver it in parts, or raise ingestion.max_file_rows"
    )


def unreadable(error: BaseException) -> FileRefusedError:
    """The refusal of a file that a reader failed on. Raises the error itself when this machine's disk is full, which is
    no fault of the file's: refused, it would never be read again."""
    if is_disk_full(error):
        raise error
    return FileRefusedError(f"cannot be read ({sentence(error)}); deliver it again")


def sentence(error: BaseException) -> str:
    """What an error of a library or of the system says, in one line."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def _unpacked(path: Path) -> Iterator[bytes]:
    if path.suffix.lower() == ".gz":
        yield from _gunzip(path)
        return
    if path.suffix.lower() == ".zst":
        with pa.OSFile(str(path)) as packed, pa.CompressedInputStream(packed, "zstd") as unpacked:
            while chunk := unpacked.read(CHUNK):
                yield chunk
        return
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK):
            yield chunk


def _gunzip(path: Path) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=31)
    is_empty = True
    with path.open("rb") as handle:
        while data := handle.read(CHUNK):
            is_empty = False
            while data:
                if decompressor.eof:  # another member follows
                    decompressor = zlib.decompressobj(wbits=31)
                if chunk := decompressor.decompress(data, CHUNK):
                    yield chunk
                data = decompressor.unused_data if decompressor.eof else decompressor.unconsumed_tail
        while not decompressor.eof and (chunk := decompressor.decompress(decompressor.unconsumed_tail, CHUNK)):
            yield chunk
    if is_empty or not decompressor.eof:
        raise EOFError("the compressed data ends too early")


def _header(text: str, dialect: Dialect) -> tuple[str, ...]:
    rows = text.split("\n")
    if len(rows) == 1 and "\r" in text.rstrip("\r"):
        raise FileRefusedError("ends its lines with CR alone; export it again with LF or CRLF")
    if len(rows) <= dialect.skip_lines:
        raise FileRefusedError(
            f"ends before its header, which the contract expects in line {dialect.skip_lines + 1}; deliver it again"
        )
    line = rows[dialect.skip_lines].rstrip("\r")
    if len(rows) == dialect.skip_lines + 1 and len(text) >= HEAD:
        raise FileRefusedError(
            f"has no end of its header, line {dialect.skip_lines + 1}, in its first {HEAD:,} characters; deliver it "
            "again with a header"
        )
    try:
        return tuple(cell.strip() for cell in next(csv_reader([line], dialect), []))
    except csv.Error as error:
        raise FileRefusedError(
            f"has a header that cannot be read ({error}), line {dialect.skip_lines + 1}; deliver it again"
        ) from error


def csv_reader(lines: Iterable[str], dialect: Dialect, *, strict: bool = False) -> CsvReader:
    """Python's CSV reader with the dialect's marks, for headers and for files whose structure DuckDB refuses."""
    csv.field_size_limit(_LONGEST_CELL)
    if not dialect.quote:
        return csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE, strict=strict)
    return csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=strict)


def physical_lines(pieces: Iterable[str]) -> Iterator[str]:
    """The lines of a text that comes in pieces, each with its end: LF, CR LF or CR."""
    rest = ""
    for piece in pieces:
        *whole, rest = io.StringIO(rest + piece, newline="").readlines() or [""]
        yield from whole
        if rest.endswith("\n"):
            yield rest
            rest = ""
    if rest:
        yield rest
