"""The column types every module of the simulator shares, and the few operations on them.

A table is a frozen dataclass of equally long numpy arrays; text travels as Arrow string arrays. Random streams are
named, so that a new draw in one module leaves every other module's bytes as they were.
"""

from __future__ import annotations

import dataclasses
import zlib
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Text: TypeAlias = Any  # pyarrow.StringArray: pyarrow ships no types

NONE = -1  # in an index column: points at nothing


def stream(seed: int, name: str) -> np.random.Generator:
    """The random stream `name` of the world `seed`; independent of every other name and of the order of calls."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


class Table:
    """Base of the frozen dataclasses whose fields are equally long numpy arrays (or Arrow arrays)."""

    def take(self, rows: Ints | Flags) -> Self:
        """The rows at `rows` (positions or a mask), in that order."""
        positions = np.flatnonzero(rows) if rows.dtype == np.bool_ else rows
        values = {}
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            column = getattr(self, field.name)
            values[field.name] = (
                column[positions] if isinstance(column, np.ndarray) else column.take(pa.array(positions))
            )
        return type(self)(**values)

    def __len__(self) -> int:
        first = dataclasses.fields(self)[0]  # type: ignore[arg-type]
        return len(getattr(self, first.name))

    @classmethod
    def concat(cls, parts: list[Self]) -> Self:
        """The rows of all parts, in order. Fields must be numpy arrays."""
        return cls(
            **{
                field.name: np.concatenate([getattr(part, field.name) for part in parts])
                for field in dataclasses.fields(cls)  # type: ignore[arg-type]
            }
        )


def pick(words: Text, index: Ints) -> Text:
    """`words[index]` as an Arrow array; NONE gives null."""
    if not len(index):
        return pa.array([], pa.string())
    missing = index < 0
    if missing.any():
        return words.take(pa.array(np.where(missing, 0, index), mask=missing))
    return words.take(pa.array(index))


def blank(values: Text, empty: Flags) -> Text:
    """`values` with null where `empty`."""
    return pc.if_else(pa.array(empty), pa.scalar(None, pa.string()), values)


def choose(condition: Flags, yes: Text | str, no: Text | str | None) -> Text:
    """`yes` where the condition holds, else `no` (None gives null)."""
    return pc.if_else(
        pa.array(condition),
        pa.scalar(yes) if isinstance(yes, str) else yes,
        pa.scalar(no, pa.string()) if no is None or isinstance(no, str) else no,
    )


def joined(*parts: Text | str) -> Text:
    """The parts written one after the other, row by row; null as nothing."""
    return pc.binary_join_element_wise(*parts, "", null_handling="replace", null_replacement="")


def numbers(values: Ints) -> Text:
    """Integers as text."""
    return pc.cast(pa.array(values), pa.string())


def padded(values: Ints, width: int) -> Text:
    """Non-negative integers with leading zeros to `width`."""
    return pc.utf8_lpad(numbers(values), width, "0")


def constant(word: str | None, rows: int) -> Text:
    """The same word (or null) in every row."""
    return pa.repeat(pa.scalar(word, pa.string()), rows)


def runs(counts: Ints) -> tuple[Ints, Ints]:
    """For `counts[i]` children of parent i: (parent of each child, number of the child within its parent from 0)."""
    parent = np.repeat(np.arange(len(counts), dtype=np.int64), counts)
    start = np.cumsum(counts) - counts
    return parent, np.arange(len(parent), dtype=np.int64) - start[parent]


def number_within(group: Ints) -> Ints:
    """For groups lying together: the position of each row in its group, from 0."""
    if not len(group):
        return np.zeros(0, dtype=np.int64)
    is_first = np.r_[True, group[1:] != group[:-1]]
    starts = np.flatnonzero(is_first)
    return np.arange(len(group), dtype=np.int64) - np.repeat(starts, np.diff(np.r_[starts, len(group)]))
