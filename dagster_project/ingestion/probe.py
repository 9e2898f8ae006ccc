"""A first look at a text file, before DuckDB reads it: is it whole, is it in the contract's encoding, what is
its header.

One pass over the bytes; what it learns (number of physical lines, header, whether the text must be rewritten)
is all the readers need to read thousands of files in one query and still name the line of every record.
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

from data_quality.contract import Dialect

if TYPE_CHECKING:
    from _csv import Reader as CsvReader

CHUNK = 4 << 20
HEAD = 1 << 18

# Encodings DuckDB reads itself; any other is rewritten as UTF-8 beside. Python's name -> DuckDB's.
NATIVE = {"utf-8": "utf-8", "iso8859-1": "latin-1", "cp1250": "CP1250", "cp1252": "CP1252"}
NEEDS_EXTENSION = {"CP1250", "CP1252"}


class FileRefusedError(Exception):
    """A file that cannot be used at all; the message says why and what to do."""


@dataclass(frozen=True)
class Probe:
    """What the bytes say. `lines` counts physical lines, a last one without line end included; `header` is the
    cells.
    """

    path: Path
    encoding: str
    lines: int
    ends_with_newline: bool
    header: tuple[str, ...]
    must_rewrite: bool


def python_encoding(name: str) -> str:
    """Python's canonical name of an encoding, a byte order mark aside."""
    canonical = codecs.lookup(name).name
    return "utf-8" if canonical == "utf-8-sig" else canonical


def probe(path: Path, dialect: Dialect) -> Probe:
    """Look at a CSV file. Raises FileRefusedError when it is empty, cut off, or not in the contract's encoding."""
    encoding = python_encoding(dialect.encoding)
    native = encoding in NATIVE
    head, lines, last = bytearray(), 0, b""
    is_ascii, is_utf8 = True, True
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in chunks(path):
            if len(head) < HEAD:
                head += chunk[: HEAD - len(head)]
            lines += chunk.count(b"\n")
            last = chunk[-1:]
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
    except (OSError, EOFError, zlib.error) as error:
        raise FileRefusedError(f"cannot be unpacked ({error}); it is cut off or damaged, deliver it again") from error
    if not head:
        raise FileRefusedError("is empty, without even a header; deliver it again")
    if encoding == "utf-8" and not is_utf8:
        raise FileRefusedError("holds bytes that are not UTF-8; export it again as UTF-8, as the contract says")
    if native and encoding != "utf-8" and is_utf8 and not is_ascii:
        raise FileRefusedError(f"is UTF-8, the contract says {dialect.encoding}; export it again in {dialect.encoding}")
    if not native:
        text = decoded(path, dialect)
        lines, last = text.count("\n"), text[-1:].encode()
        header_text = text[:HEAD]
    else:
        header_text = bytes(head).decode(encoding, errors="replace").removeprefix("\ufeff")
    return Probe(
        path=path,
        encoding=NATIVE.get(encoding, "utf-8"),
        lines=lines + (last != b"\n"),
        ends_with_newline=last == b"\n",
        header=_header(header_text, dialect),
        must_rewrite=not native,
    )


def decoded(path: Path, dialect: Dialect) -> str:
    """The whole text, without byte order mark. Raises FileRefusedError when it is not in the contract's encoding."""
    data = b"".join(chunks(path))
    encoding = python_encoding(dialect.encoding)
    if encoding == "utf-16" and data[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        raise FileRefusedError("has no UTF-16 byte order mark; export it again as UTF-16, as the contract says")
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise FileRefusedError(
            f"cannot be read as {dialect.encoding} (byte {error.start}: {error.reason}); it is cut off or in another "
            f"encoding, export it again in {dialect.encoding}"
        ) from error


def chunks(path: Path) -> Iterator[bytes]:
    """The file's bytes, unpacked. Raises EOFError for a packed file that is cut off, zlib.error for a damaged one."""
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


def check_packed(path: Path, unpacked_bytes: int) -> None:
    """Make sure a packed file was read to its end, which DuckDB does not.

    `unpacked_bytes` is what the reader saw, a last line end counted whether there or not. A gzip file states its length
    modulo 2**32 in its last four bytes; only when that differs is the whole file unpacked again with its checksum.
    Raises FileRefusedError when the file is cut off or damaged.
    """
    if path.suffix.lower() not in (".gz", ".zst"):
        return
    if path.suffix.lower() == ".gz":
        with path.open("rb") as handle:
            size = handle.seek(0, io.SEEK_END)
            handle.seek(max(0, size - 4))
            stated = int.from_bytes(handle.read(4), "little")
        if size > 18 and stated in (unpacked_bytes % 2**32, (unpacked_bytes - 1) % 2**32):
            return
    try:
        for _ in chunks(path):
            pass
    except (OSError, EOFError, zlib.error) as error:
        raise FileRefusedError(f"cannot be unpacked ({error}); it is cut off or damaged, deliver it again") from error


def _gunzip(path: Path) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits=31)
    with path.open("rb") as handle:
        is_empty = True
        while data := handle.read(CHUNK):
            is_empty = False
            while data:
                yield decompressor.decompress(data)
                data = decompressor.unused_data
                if decompressor.eof and data:  # another member follows
                    decompressor = zlib.decompressobj(wbits=31)
                elif not decompressor.eof:
                    break
    if is_empty or not decompressor.eof:
        raise EOFError("the compressed data ends too early")


def _header(text: str, dialect: Dialect) -> tuple[str, ...]:
    rows = text.split("\n")
    if len(rows) <= dialect.skip_lines:
        raise FileRefusedError(f"ends before its header, which the contract expects in line {dialect.skip_lines + 1}")
    line = rows[dialect.skip_lines].rstrip("\r")
    return tuple(cell.strip() for cell in next(csv_reader([line], dialect), []))


def csv_reader(lines: Iterable[str], dialect: Dialect, *, strict: bool = False) -> CsvReader:
    """Python's CSV reader with the dialect's marks, for headers and for files whose structure DuckDB refuses."""
    if not dialect.quote:
        return csv.reader(lines, delimiter=dialect.delimiter, quoting=csv.QUOTE_NONE, strict=strict)
    return csv.reader(lines, delimiter=dialect.delimiter, quotechar=dialect.quote, strict=strict)
