"""Journeys as distinct paths with their counts, in flat arrays: all that the models look at."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

COUNTS = ("conversions", "value", "nulls")
COLUMNS = ("path", *COUNTS)
DAYS = "days_before"
# Between the steps of a path that arrives as a list: no channel's name holds it.
_UNIT = "\x1f"


class AttributionError(ValueError):
    """Paths or settings that no model can use; the message names row, column, value and remedy."""


@dataclass(frozen=True)
class Paths:
    """Distinct paths of channels. `channels`: names, sorted. `steps`: the channel (a number) of every step, path after
    path; path i owns steps[starts[i]:starts[i + 1]], at least one. Per path: `conversions` and `nulls` (journeys that
    converted, and that did not) and `value` of the conversions. Per step: `days_before` the order; None: not known."""

    channels: np.ndarray
    steps: np.ndarray
    starts: np.ndarray
    conversions: np.ndarray
    value: np.ndarray
    nulls: np.ndarray
    days_before: np.ndarray | None = None

    @functools.cached_property
    def lengths(self) -> np.ndarray:
        """Steps of each path."""
        return np.asarray(np.diff(self.starts))

    @functools.cached_property
    def path_of(self) -> np.ndarray:
        """The path of each step."""
        return np.repeat(np.arange(len(self.lengths)), self.lengths)

    @functools.cached_property
    def positions(self) -> np.ndarray:
        """The place of each step in its path, from 0."""
        return np.asarray(np.arange(len(self.steps)) - self.starts[:-1][self.path_of])

    @functools.cached_property
    def channel_times(self) -> np.ndarray:
        """How often each step's channel occurs in its path."""
        keys = self.path_of * len(self.channels) + self.steps
        _, which, times = np.unique(keys, return_inverse=True, return_counts=True)
        return np.asarray(times[which])

    def sum_by_path(self, of_steps: np.ndarray) -> np.ndarray:
        return np.bincount(self.path_of, weights=of_steps, minlength=len(self.lengths))

    def sum_by_channel(self, of_steps: np.ndarray) -> np.ndarray:
        return np.bincount(self.steps, weights=of_steps, minlength=len(self.channels))


def check_columns(columns: Iterable[str]) -> None:
    """Raises AttributionError when one of COLUMNS is missing."""
    there = list(columns)
    if lacking := [column for column in COLUMNS if column not in there]:
        raise AttributionError(
            f"column '{lacking[0]}' is missing; there are {', '.join(map(str, there)) or 'none'}. Needed are "
            f"{', '.join(COLUMNS)}: write 0 where value, or journeys without conversion, are not known"
        )


def encode(table: pd.DataFrame | pa.Table, separator: str = ">") -> Paths:
    """The distinct paths of a table, as `Journeys` reads it, whatever their days."""
    return Journeys.of(table, separator).paths()


@dataclass(frozen=True)
class Journeys:
    """A table of journeys, read and judged. `table`: one row per journey, or per any number of equal ones: `path` (text
    `a > b > c`, or a list of names), `conversions`, `value`, `nulls`, perhaps `days_before` (`9.5 > 2 > 0`, or a list).
    `counts`: of each row, in the order of COUNTS. `texts`: the paths; `steps`: the channel of each of their parts."""

    table: pd.DataFrame
    separator: str
    counts: list[np.ndarray]
    texts: _Texts
    channels: np.ndarray
    steps: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame | pa.Table, separator: str = ">") -> Journeys:
        """Raises AttributionError, which names the row (by the frame's index), when a column is missing; a path or a
        step is empty; a count is missing, no number or negative; or there is value without a conversion. Negative
        value, more refunded than sold, is fine."""
        if isinstance(table, pa.Table):
            table = table.to_pandas(types_mapper=pd.ArrowDtype)
        if not separator.strip():
            raise AttributionError("separator is empty; name what stands between two channels of a path, such as '>'")
        check_columns(table.columns)
        counts = _counts(table)
        texts = _Texts.of(table, "path", separator.strip())
        if (empty := _first(pc.equal(texts.parts, ""))) is not None:
            raise _wrong(table, "path", texts.row_of(empty), f"step {texts.place_of(empty)} is empty; name its channel")
        coded = texts.parts.dictionary_encode()
        channels, rank = np.unique(coded.dictionary.to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
        return cls(table, separator.strip(), counts, texts, channels, rank[coded.indices.to_numpy()])

    @property
    def has_days(self) -> bool:
        return DAYS in self.table.columns

    def paths(self) -> Paths:
        """The distinct paths, without days."""
        texts = self.texts
        size = len(texts.starts) - 1
        return Paths(
            self.channels, self.steps, texts.starts, *(np.bincount(texts.of_row, n, size) for n in self.counts)
        )

    def timed_paths(self) -> Paths:
        """The distinct pairs of a path and its days. Raises AttributionError when days are missing, no numbers,
        negative, or not as many as steps."""
        days = _Texts.of(self.table, DAYS, self.separator)
        numbers = _numbers(days.parts)
        if (bad := _first(~(np.isfinite(numbers) & (numbers >= 0)))) is not None:
            remedy = "days from each step to the order are 0 or more, as in 9.5 > 2 > 0"
            raise _wrong(self.table, DAYS, days.row_of(bad), remedy)
        width = max(len(days.starts) - 1, 1)
        of_row, pairs = pd.factorize(self.texts.of_row * width + days.of_row)
        path, span = np.divmod(pairs, width)
        lengths = np.diff(self.texts.starts)[path]
        if (bad := _first(lengths != np.diff(days.starts)[span])) is not None:
            row = int(np.argmax(of_row == bad))
            raise _wrong(self.table, DAYS, row, f"its path has {lengths[bad]} steps; give one number for each")
        starts = np.concatenate(([0], np.cumsum(lengths)))
        within = np.arange(starts[-1]) - np.repeat(starts[:-1], lengths)
        steps = self.steps[np.repeat(self.texts.starts[path], lengths) + within]
        conversions, value, nulls = (np.bincount(of_row, each, len(pairs)) for each in self.counts)
        numbers = numbers[np.repeat(days.starts[span], lengths) + within]
        return Paths(self.channels, steps, starts, conversions, value, nulls, numbers)


@dataclass(frozen=True)
class _Texts:
    """A column's distinct values, each cut into parts. `of_row`: the value of each row; value i owns
    parts[starts[i]:starts[i + 1]]."""

    of_row: np.ndarray
    parts: pa.Array
    starts: np.ndarray

    @classmethod
    def of(cls, table: pd.DataFrame, column: str, separator: str) -> _Texts:
        """Raises AttributionError when a row holds nothing, or neither text nor a list."""
        try:
            values = _arrow(table[column])
            if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
                kept = values.value_lengths().fill_null(0)
                separator = _UNIT
                values = pc.binary_join(
                    values.cast(pa.large_list(pa.large_string())), pa.scalar(_UNIT, pa.large_string())
                )
                values = pc.if_else(pc.equal(kept, 0), None, values)
            values = values.cast(pa.large_string())
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
            raise AttributionError(
                f"column '{column}' holds neither text, such as 'a > b', nor lists throughout: {error}"
            ) from error
        if (row := _first(values.is_null())) is not None:
            raise _wrong(table, column, row, "give every step of the journey, or leave the row out")
        coded = values.dictionary_encode()
        cut = pc.split_pattern(coded.dictionary, separator)
        return cls(
            coded.indices.to_numpy().astype(np.int64),
            pc.utf8_trim_whitespace(cut.flatten()),
            cut.offsets.to_numpy().astype(np.int64),
        )

    def place_of(self, part: int) -> int:
        """Of a part, its place in its value, from 1."""
        return int(part - self.starts[self._value_of(part)]) + 1

    def row_of(self, part: int) -> int:
        """The first row with the value that a part is of."""
        return int(np.argmax(self.of_row == self._value_of(part)))

    def _value_of(self, part: int) -> int:
        return int(np.searchsorted(self.starts, part, side="right")) - 1


def _counts(table: pd.DataFrame) -> list[np.ndarray]:
    """Conversions, value and nulls of each row, judged."""
    counts = {column: _numbers(_arrow(table[column])) for column in COUNTS}
    for column, numbers in counts.items():
        if (row := _first(~np.isfinite(numbers))) is not None:
            raise _wrong(table, column, row, "expected a number; write 0 where there is none")
        if column != "value" and (row := _first(numbers < 0)) is not None:
            raise _wrong(table, column, row, "counts of journeys are 0 or more")
    if (row := _first((counts["value"] != 0) & (counts["conversions"] == 0))) is not None:
        raise _wrong(table, "value", row, "there is no value without a conversion; count it in conversions, or write 0")
    return list(counts.values())


def _arrow(column: pd.Series) -> pa.Array:
    values = pa.array(column, from_pandas=True)
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def _numbers(values: pa.Array) -> np.ndarray:
    """As doubles; NaN where there is no number."""
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        try:
            return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False))
        except pa.ArrowInvalid:  # something is no number: the caller says which
            return np.asarray(pd.to_numeric(pd.Series(values.to_pylist()), errors="coerce"), dtype=float)
    return np.asarray(values.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=float)


def _first(is_wrong: np.ndarray | pa.Array) -> int | None:
    found = np.flatnonzero(np.asarray(is_wrong))
    return int(found[0]) if len(found) else None


def _wrong(table: pd.DataFrame, column: str, row: int, remedy: str) -> AttributionError:
    value = table[column].iloc[row]
    said = (
        "nothing"
        if np.ndim(value) == 0 and (pd.isna(value) or value == "")
        else repr(getattr(value, "item", lambda: value)())
    )
    return AttributionError(
        f"column '{column}' holds {said} in {table.index.name or 'row'} {table.index[row]}: {remedy}"
    )
