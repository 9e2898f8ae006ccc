"""Cells to text, vectorised: CSV records and JSON objects as Arrow string arrays, one element per record.

A record ends with a newline and may hold others inside quoted cells. What a record says is decided in `channels`.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.simulator.columns import Ints, Text, joined, numbers

Cells: TypeAlias = dict[
    str, Text
]  # header or JSON key -> cell text (CSV: null is empty; JSON: a JSON value, null is `null`)


def quoted(cells: Text, delimiter: str = ",") -> Text:
    """CSV quoting where a cell needs it (delimiter, quote or line break inside)."""
    needs = pc.match_substring_regex(cells, f'[{delimiter}"\r\n]')
    if not pc.any(needs).as_py():
        return cells
    doubled = pc.replace_substring(cells, '"', '""')
    return pc.if_else(pc.fill_null(needs, False), joined('"', doubled, '"'), cells)


def csv_records(cells: Cells, delimiter: str) -> Text:
    """One CSV record per row; cells must already be quoted."""
    columns = list(cells.values())
    body = pc.binary_join_element_wise(*columns, delimiter, null_handling="replace", null_replacement="")
    return joined(body, "\n")


def csv_line(cells: list[str | None], delimiter: str) -> str:
    """One CSV record from already quoted cells."""
    return delimiter.join(cell or "" for cell in cells) + "\n"


def json_text(values: Text) -> Text:
    """JSON strings; null becomes `null`."""
    escaped = pc.replace_substring(values, "\\", "\\\\")
    escaped = pc.replace_substring(pc.replace_substring(escaped, '"', '\\"'), "\n", "\\n")
    return pc.fill_null(pc.binary_join_element_wise('"', escaped, '"', ""), "null")


def json_number(values: Ints) -> Text:
    """JSON integers."""
    return numbers(values)


def json_records(cells: Cells) -> Text:
    """One JSON object per row."""
    parts: list[Text | str] = []
    for position, (key, values) in enumerate(cells.items()):
        parts += [("{" if position == 0 else ",") + f'"{key}":', pc.fill_null(values, "null")]
    return pc.binary_join_element_wise(*parts, "}\n", "")


def json_line(cells: dict[str, str | None]) -> str:
    """One JSON object from JSON values."""
    return "{" + ",".join(f'"{key}":{value or "null"}' for key, value in cells.items()) + "}\n"


def json_object(**members: Text | str) -> Text:
    """A nested JSON object per row; members are JSON values."""
    parts: list[Text | str] = []
    for position, (key, values) in enumerate(members.items()):
        parts += [
            ("{" if position == 0 else ",") + f'"{key}":',
            values if isinstance(values, str) else pc.fill_null(values, "null"),
        ]
    return pc.binary_join_element_wise(*parts, "}", "")


def json_lists(items: Text, parent: Ints, parents: int) -> Text:
    """`[item,item]` per parent from items sorted by parent; parents without items give `[]`."""
    counts = np.bincount(parent, minlength=parents)
    offsets = np.r_[0, np.cumsum(counts)].astype(np.int32)
    lists = pa.ListArray.from_arrays(pa.array(offsets), items)
    return joined("[", pc.binary_join(lists, ","), "]")
