"""Rendered records against Python's own CSV and JSON readers."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.simulator.channels.ads import _thousands
from dagster_project.simulator.render import csv_records, json_lists, json_records, json_text, quoted

TEXTS = st.lists(
    st.text(st.characters(exclude_categories=["Cs", "Cc"], include_characters="\n"), max_size=12),
    min_size=1,
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_csv_cells_come_back_as_they_were(texts: list[str]) -> None:
    cells = {"a": quoted(pa.array(texts), ";"), "b": pa.array(["x"] * len(texts))}
    text = "".join(csv_records(cells, ";").to_pylist())
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";"))
    assert rows == [[value, "x"] for value in texts]


@settings(max_examples=60, deadline=None)
@given(TEXTS)
def test_json_values_come_back_as_they_were(texts: list[str]) -> None:
    lines = json_records({"a": json_text(pa.array(texts)), "b": pa.array([None] * len(texts), pa.string())}).to_pylist()
    assert [json.loads(line) for line in lines] == [{"a": value, "b": None} for value in texts]
    assert all(line.endswith("}\n") and line.count("\n") == 1 for line in lines)


def test_children_are_listed_under_their_parent_and_parents_without_children_get_an_empty_list() -> None:
    lists = json_lists(pa.array(["1", "2", "3"]), np.array([0, 0, 2]), 4).to_pylist()
    assert lists == ["[1,2]", "[]", "[3]", "[]"]


def test_numbers_of_google_carry_thousands_commas_and_quotes() -> None:
    assert _thousands(np.array([0, 999, 1_000, 1_234_567])).to_pylist() == ["0", "999", '"1,000"', '"1,234,567"']
    assert _thousands(np.array([99_999, 100_005, 123_456_789]), cents=True).to_pylist() == [
        "999.99",
        '"1,000.05"',
        '"1,234,567.89"',
    ]
