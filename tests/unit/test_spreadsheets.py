"""Formulas that customers or channels may deliver: oracle, the list of OWASP's page on CSV injection."""

from __future__ import annotations

import pyarrow as pa
import pytest

from dagster_project.spreadsheets import as_text


@pytest.mark.parametrize(
    "text",
    ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\n1", "  =1", "\u00a0=1", "＝1+1", "＠x"],
)
def test_a_formula_is_text(text: str) -> None:
    assert as_text(pa.table({"value": [text, "Anne"]})).to_pydict() == {"value": ["'" + text, "Anne"]}


def test_all_else_stays_as_it_is() -> None:
    table = pa.table(
        {
            "texts": ["Anne", "", None, "a=b", "1-2", "anne@example.fr", "O'Neil"],
            "numbers": [-1, 2, None, 4, 5, 6, 7],
            "flags": [True, None, False, True, True, True, True],
        }
    )
    assert as_text(table).equals(table)
    assert as_text(table.slice(0, 0)).equals(table.slice(0, 0))
