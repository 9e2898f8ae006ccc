"""Date patterns of contracts (JDK DateTimeFormatter, as ODCS prescribes) in DuckDB's words.

Only patterns of fixed width per variant are accepted, so that a value's length tells `05/11/24` from
`05/11/2024` before DuckDB reads the first as the year 24.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass

# JDK letters -> strptime directive and number of characters.
_LETTERS: dict[str, tuple[str, int]] = {
    "yyyy": ("%Y", 4), "uuuu": ("%Y", 4), "yy": ("%y", 2), "MM": ("%m", 2), "dd": ("%d", 2), "HH": ("%H", 2),
    "hh": ("%I", 2), "mm": ("%M", 2), "ss": ("%S", 2), "SSS": ("%g", 3), "SSSSSS": ("%f", 6), "a": ("%p", 2),
    "Z": ("%z", 5), "XX": ("%z", 5), "XXX": ("%z", 6), "xx": ("%z", 5), "xxx": ("%z", 6),
}  # fmt: skip
_ZULU = {"XX", "XXX"}  # these letters also accept `Z` for UTC
_ISO = re.compile(r"yyyy-MM-dd'T'HH:mm:ss(\[?\.SSS(SSS)?\]?)?XXX")
_TOKEN = re.compile(r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>([A-Za-z])\3*)|(?P<other>.)")


class DateFormatError(ValueError):
    """A date pattern that cannot be translated; the message names it and the letters that can."""


@dataclass(frozen=True)
class DateFormat:
    """A pattern's strptime formats with the lengths values may have (offsets by their number), in characters.

    `zulu_lengths`: lengths of values that end in `Z`. `is_iso`: DuckDB's own parser reads it, several times faster.
    """

    pattern: str
    formats: tuple[str, ...]
    lengths: tuple[int, ...]
    zulu_lengths: tuple[int, ...]
    is_iso: bool

    @property
    def has_offset(self) -> bool:
        return any("%z" in item for item in self.formats)


@functools.cache
def date_format(pattern: str) -> DateFormat:
    """Translate a JDK pattern; `[...]` is an optional part. Raises DateFormatError for what it does not know."""
    formats, lengths, zulu = [], set(), set()
    for variant in _variants(pattern):
        directive, length, accepts_zulu = _translate(variant, pattern)
        formats.append(directive)
        lengths.add(length)
        if accepts_zulu:
            zulu.add(length - accepts_zulu + 1)
    return DateFormat(
        pattern=pattern,
        formats=tuple(formats),
        lengths=tuple(sorted(lengths)),
        zulu_lengths=tuple(sorted(zulu)),
        is_iso=_ISO.fullmatch(pattern) is not None,
    )


def _variants(pattern: str) -> list[str]:
    """The pattern with and without each `[...]`, which may not be nested."""
    parts = re.split(r"\[([^\[\]]*)\]", pattern)
    choices = [(part,) if position % 2 == 0 else (part, "") for position, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]


def _translate(variant: str, pattern: str) -> tuple[str, int, int]:
    """strptime format, length, and the offset's width when it may be `Z` instead (else 0)."""
    out, length, zulu = "", 0, 0
    for token in _TOKEN.finditer(variant):
        letters = token["letters"]
        if letters is None:
            literal = token["other"] if token["quoted"] is None else token["quoted"].replace("''", "'") or "'"
            out += literal.replace("%", "%%")
            length += len(literal)
            continue
        if letters not in _LETTERS:
            raise DateFormatError(
                f"date format '{pattern}': '{letters}' is not supported; use {', '.join(sorted(_LETTERS))}, "
                "literals in single quotes and [optional parts]"
            )
        directive, width = _LETTERS[letters]
        out += directive
        length += width
        if letters in _ZULU:
            zulu = width
    return out, length, zulu
