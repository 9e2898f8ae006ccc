"""Purchase histories as sufficient statistics: checked, and each distinct one once with the number of its customers.

A customer's history is frequency (x: days with a purchase after the first), recency (t_x: time from the first purchase
to the last) and T (time from the first purchase to the day of observation), times in one unit of the caller's choice.
The models need no more, so their cost grows with distinct histories rather than with customers.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import pandas as pd

Floats = np.ndarray[Any, np.dtype[np.float64]]
Ints = np.ndarray[Any, np.dtype[np.intp]]
_WHOLE = ("frequency", "n")
_DENSE = 4  # a table of this many places per row is worth its memory


@dataclass(frozen=True)
class Distinct:
    """The distinct rows of some columns in ascending order; `code` leads from every row to its distinct one."""

    columns: tuple[Floats, ...]
    code: Ints

    @classmethod
    def of(cls, *columns: Floats) -> Self:
        coded = [_coded(column) for column in columns]
        key = coded[0][0]
        for codes, values in coded[1:]:
            key = key * len(values) + codes
        code, keys = _coded(key)
        keys = keys.astype(np.int64)
        rows: list[Floats] = []
        for _, values in reversed(coded):
            keys, place = np.divmod(keys, len(values))
            rows.append(values[place])
        return cls(tuple(reversed(rows)), code)

    def sums(self, weights: Floats) -> Floats:
        """The weights of the rows, summed over each distinct one."""
        return sums(self.code, weights, len(self.columns[0]))


def _coded(values: np.ndarray) -> tuple[Ints, np.ndarray]:
    """The distinct values in ascending order, after every value's place among them."""
    most = values.max(initial=0)
    if most < _DENSE * len(values) and (values == (whole := values.astype(np.int64))).all():
        # Days, weeks and counts: a table is several times as fast as hashing.
        seen = np.zeros(int(most) + 1, dtype=np.bool_)
        seen[whole] = True
        return (np.cumsum(seen) - 1)[whole], np.flatnonzero(seen).astype(values.dtype)
    code, found = pd.factorize(values, sort=True)
    return code, np.asarray(found)


def sums(code: Ints, weights: Floats, size: int) -> Floats:
    """The weights summed by code, from 0 to below `size`."""
    return np.asarray(np.bincount(code, weights, size), dtype=np.float64)


def dot(left: Floats, right: Floats) -> float:
    """The sum of products. Unlike `@`, which asks BLAS, it gives the same digits on any number of threads; and threads
    for so little work took ten times as long on a busy machine."""
    return float(np.einsum("i,i", left, right))


@dataclass(frozen=True)
class Histories:
    """One entry per distinct history: x, t_x, T, and n, how many customers share it. `code` leads from the rows given
    to their history."""

    x: Floats
    t_x: Floats
    T: Floats
    n: Floats
    code: Ints

    @classmethod
    def of(cls, customers: pd.DataFrame) -> Self:
        """From columns frequency, recency, T and, where rows stand for several customers, n.

        Raises ValueError as `numbers` does, and where the three contradict each other.
        """
        x, t_x, age, n = (*(numbers(customers, name) for name in ("frequency", "recency", "T")), counts(customers))
        refuse(customers, "recency", t_x > age, "is more than T", "both count from the customer's first purchase")
        refuse(customers, "recency", (x == 0) & (t_x > 0), "is not 0 at frequency 0", "who bought once has recency 0")
        refuse(
            customers,
            "recency",
            (x > 0) & (t_x == 0),
            "contradicts a frequency above 0",
            "purchases of one day (or other unit of time) are one",
        )
        rows = Distinct.of(x, t_x, age)
        x, t_x, age = rows.columns
        return cls(x, t_x, age, rows.sums(n), rows.code)

    def every(self, step: int) -> Self:
        """Every `step`-th distinct history, standing for those between. They are sorted, so the sample is even."""
        picked = slice(step // 2, None, step)
        return replace(self, x=self.x[picked], t_x=self.t_x[picked], T=self.T[picked], n=self.n[picked] * step)


def counts(customers: pd.DataFrame) -> Floats:
    """How many customers each row stands for: column n, 1 where there is none."""
    if "n" not in customers:
        return np.ones(len(customers))
    n = numbers(customers, "n")
    refuse(customers, "n", n == 0, "is nobody", "leave the row out")
    return n


def numbers(customers: pd.DataFrame, column: str, among: np.ndarray | None = None) -> Floats:
    """A column as floats, looking only at the rows in the mask `among`; the others become 0.

    Raises ValueError for an empty frame, a missing column, a value that is no finite number or is negative, and a
    frequency or n that is no whole number; it names column, row (its label in the frame's index), value and remedy.
    """
    if customers.empty:
        raise ValueError("customers: the frame has no rows; a model needs at least one customer")
    if column not in customers:
        raise ValueError(f"customers: column '{column}' is missing; the frame has {', '.join(map(str, customers))}")
    values = pd.to_numeric(customers[column], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    if among is not None:
        values = np.where(among, values, 0.0)
    refuse(customers, column, ~np.isfinite(values), "is no finite number", "leave the row out, or fill it in")
    refuse(customers, column, values < 0, "is negative", "times and counts start at 0, money at more than 0")
    if column in _WHOLE:
        refuse(customers, column, np.floor(values) != values, "is no whole number", "it is a count")
    return values


def refuse(customers: pd.DataFrame, column: str, wrong: np.ndarray, what: str, remedy: str) -> None:
    """Raise ValueError about the first row that is wrong, if one is."""
    if not wrong.any():
        return
    row, more = int(np.argmax(wrong)), int(wrong.sum()) - 1
    raise ValueError(
        f"customers: column '{column}' holds {customers[column].iloc[row]} in row {customers.index[row]}, which {what}"
        f"{f' (as do {more} more rows)' if more else ''}; {remedy}"
    )
