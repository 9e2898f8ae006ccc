"""What the warehouse shares orders out by."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pytest

from dagster_project.attribution import share_out
from dagster_project.settings import shipped_settings

SETTINGS = shipped_settings().attribution


def _paths(*rows: tuple[int, str, int, str, int]) -> pa.Table:
    columns = ("path_number", "path", "conversions", "net_revenue", "nulls")
    values = [dict(zip(columns, row, strict=True)) | {"net_revenue": Decimal(row[3])} for row in rows]
    return pa.Table.from_pylist(values)


def test_steps_of_converting_paths_are_shared_out_by_every_model() -> None:
    # Anderl et al. (2016): C1 > C2 > C3 converts, C1 and C2 > C3 do not: removal effects .5, 1, 1, so .2, .4, .4.
    shares, weights = share_out(
        _paths((2, "C1 > C2 > C3", 1, "30.00", 0), (1, "C1", 0, "0.00", 1), (3, "C2 > C3", 0, "0.00", 1)), SETTINGS
    )
    by_position = {row["position"]: row for row in shares.to_pylist()}
    assert shares["path_number"].to_pylist() == [2, 2, 2]
    assert [by_position[place]["markov"] for place in (1, 2, 3)] == pytest.approx([0.2, 0.4, 0.4])
    assert [by_position[place]["position_based"] for place in (1, 2, 3)] == pytest.approx([0.4, 0.2, 0.4])
    assert [by_position[place]["first_touch"] for place in (1, 2, 3)] == [1, 0, 0]
    effects = {row["touch_channel"]: row["effect"] for row in weights.to_pylist() if row["model"] == "markov"}
    assert effects == pytest.approx({"C1": 0.5, "C2": 1, "C3": 1})


def test_rows_in_any_order_give_the_same() -> None:
    rows = [(1, "a > b", 3, "9.00", 1), (2, "b", 1, "2.00", 5), (3, "b > a > b", 2, "4.00", 0)]
    one, two = (share_out(_paths(*order), SETTINGS)[0] for order in (rows, rows[::-1]))
    assert one.equals(two)


def test_no_path_gives_empty_tables() -> None:
    empty = _paths((1, "a", 1, "1.00", 0)).slice(0, 0)
    shares, weights = share_out(empty, SETTINGS)
    assert shares.num_rows == weights.num_rows == 0
    assert "markov" in shares.column_names
