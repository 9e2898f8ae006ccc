"""The models side by side: each rule by hand, and what holds for all of them whatever the journeys."""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings

from dagster_project.attribution import (
    DEFAULT_MODELS,
    MODELS,
    AttributionError,
    attribute,
    channel_weights,
    encode,
    step_shares,
)

Journeys = Callable[..., pd.DataFrame]

HEURISTICS = ("first_touch", "last_touch", "last_non_direct", "linear", "position_based", "time_decay")


def paths(*rows: tuple[str, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["path", "conversions", "value", "nulls"])


def credit(frame: pd.DataFrame, model: str, column: str = "conversions", **chosen: float | str) -> dict[str, float]:
    found = attribute(frame, [model], **chosen)
    return dict(zip(found["channel"], found[column], strict=True))


LONG = paths(("a > b > c > d > a", 10, 100.0, 3))


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("first_touch", {"a": 10, "b": 0, "c": 0, "d": 0}),
        ("last_touch", {"a": 10, "b": 0, "c": 0, "d": 0}),
        ("linear", {"a": 4, "b": 2, "c": 2, "d": 2}),
        # 4 first, 4 last, 2 to the three between.
        ("position_based", {"a": 8, "b": 2 / 3, "c": 2 / 3, "d": 2 / 3}),
        ("shapley", {"a": 2.5, "b": 2.5, "c": 2.5, "d": 2.5}),
        # Half of what leaves a goes on to b, the other half ends: without b, c or d half converts, without a nothing.
        ("markov", {"a": 4, "b": 2, "c": 2, "d": 2}),
    ],
)
def test_a_path_by_hand(model: str, expected: dict[str, float]) -> None:
    assert credit(LONG, model) == pytest.approx(expected)
    assert credit(LONG, model, "value") == pytest.approx({channel: 10 * each for channel, each in expected.items()})


def test_position_based_with_one_and_two_touches_and_other_weights() -> None:
    assert credit(paths(("a", 10, 0, 0)), "position_based") == {"a": 10}
    assert credit(paths(("a > b", 10, 0, 0)), "position_based") == pytest.approx({"a": 5, "b": 5})
    other = {"first_weight": 0.6, "last_weight": 0.3}
    assert credit(paths(("a > b > c", 10, 0, 0)), "position_based", **other) == pytest.approx({"a": 6, "b": 1, "c": 3})
    # The tenth that is left belongs to both of two.
    assert credit(paths(("a > b", 10, 0, 0)), "position_based", **other) == pytest.approx({"a": 6.5, "b": 3.5})
    assert credit(paths(("a", 10, 0, 0)), "position_based", **other) == pytest.approx({"a": 10})


def test_the_last_that_is_not_direct() -> None:
    found = credit(
        paths(("a > direct > b > direct > direct", 3, 0, 0), ("direct > direct", 2, 0, 0)), "last_non_direct"
    )
    assert found == {"a": 0, "b": 3, "direct": 2}
    renamed = paths(("a > (none)", 3, 0, 0), ("direct", 1, 0, 0))
    assert credit(renamed, "last_non_direct", direct_channel="(none)") == {"(none)": 0, "a": 3, "direct": 1}


def test_time_decay_halves_with_each_half_life() -> None:
    """Fourteen, seven and no days before the order: 1/4, 1/2, 1 of 7/4."""
    frame = paths(("a > b > c", 7, 0, 0)).assign(days_before="14 > 7 > 0")
    assert credit(frame, "time_decay") == pytest.approx({"a": 1, "b": 2, "c": 4})
    # With half-lives of fourteen days 2^-1 and 2^-.5.
    shares = np.array([0.5, 0.5**0.5, 1])
    expected = dict(zip("abc", 7 * shares / shares.sum(), strict=True))
    assert credit(frame, "time_decay", half_life_days=14) == pytest.approx(expected)


def test_time_decay_without_times_takes_a_day_a_step() -> None:
    timed = paths(("a > b > c", 7, 0, 0)).assign(days_before="2 > 1 > 0")
    assert credit(paths(("a > b > c", 7, 0, 0)), "time_decay") == pytest.approx(credit(timed, "time_decay"))
    weekly = credit(paths(("a > b > c", 7, 0, 0)), "time_decay", step_days=7)
    assert weekly == pytest.approx({"a": 1, "b": 2, "c": 4})


def test_time_decay_tells_the_same_path_at_different_times_apart() -> None:
    frame = paths(("a > b", 3, 30.0, 0), ("a > b", 2, 8.0, 1), ("b > a", 1, 5.0, 0))
    frame["days_before"] = ["7 > 0", "9 > 9", "1000000 > 1000000"]
    assert credit(frame, "time_decay") == pytest.approx({"a": 1 + 1 + 0.5, "b": 2 + 1 + 0.5})
    assert credit(frame, "time_decay", "value") == pytest.approx({"a": 10 + 4 + 2.5, "b": 20 + 4 + 2.5})
    assert credit(frame, "linear") == pytest.approx({"a": 3, "b": 3})


NAMES = st.sampled_from(["direct", "email", "paid search", "é", "b2b:ads"])
ROWS = st.lists(
    st.tuples(
        st.lists(NAMES, min_size=1, max_size=7).map(" > ".join),
        st.integers(0, 10**6),
        st.floats(0, 10**6),
        st.integers(0, 10**6),
    ).map(lambda row: (row[0], row[1], row[2] if row[1] else 0.0, row[3])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.integers(1, 3))
def test_every_model_shares_out_all_there_is_and_no_more(rows: list[tuple[str, int, float, int]], order: int) -> None:
    frame = paths(*rows)
    found = attribute(frame, MODELS, markov_order=order)
    assert np.isfinite(found[["conversions", "value"]]).all(axis=None)
    assert (found[["conversions", "value"]] >= 0).all(axis=None)
    totals = found.groupby("model", sort=False)[["conversions", "value"]].sum()
    assert totals.index.tolist() == list(MODELS)
    assert totals["conversions"].to_numpy() == pytest.approx(frame["conversions"].sum(), rel=1e-12)
    assert totals["value"].to_numpy() == pytest.approx(frame["value"].sum(), rel=1e-12)
    weights = channel_weights(frame, ["markov", "shapley", "shapley_rate"], markov_order=order)
    of_models = weights.groupby("model")["weight"].sum().to_numpy()
    assert of_models == pytest.approx(1.0 if frame["conversions"].any() else 0.0)


@settings(max_examples=30, deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_neither_the_order_of_rows_nor_how_they_are_counted_matters(
    rows: list[tuple[str, int, float, int]], chance: object
) -> None:
    """Each row cut in two: its conversions (all value with them) and its other journeys."""
    cut = [(path, won, value, 0) for path, won, value, _ in rows] + [(path, 0, 0.0, lost) for path, *_, lost in rows]
    chance.shuffle(cut)  # type: ignore[attr-defined]
    whole, parts = attribute(paths(*rows), MODELS), attribute(paths(*cut), MODELS)
    assert whole[["channel", "model"]].equals(parts[["channel", "model"]])
    for column in ("conversions", "value"):
        assert parts[column].tolist() == pytest.approx(whole[column].tolist(), rel=1e-9, abs=1e-9)


def test_ten_times_the_journeys_change_no_share_and_add_no_path(journeys: Journeys) -> None:
    frame = journeys(1)
    tenfold = pd.concat([frame] * 10, ignore_index=True)
    assert len(encode(tenfold).lengths) == len(encode(frame).lengths)
    once, often = attribute(frame, MODELS), attribute(tenfold, MODELS)
    assert often["conversions"].tolist() == pytest.approx((10 * once["conversions"]).tolist(), rel=1e-12)
    assert often["value"].tolist() == pytest.approx((10 * once["value"]).tolist(), rel=1e-12)
    one, other = (channel_weights(each, ["markov", "shapley_rate"], markov_order=2) for each in (frame, tenfold))
    assert one.equals(other)


def test_journeys_that_never_converted_give_everybody_nothing() -> None:
    found = attribute(paths(("a > b", 0, 0.0, 5), ("b", 0, 0.0, 0)), MODELS)
    assert (found[["conversions", "value"]] == 0).all(axis=None)
    assert len(found) == 2 * len(MODELS)


def test_refunds_above_sales_are_shared_out_as_well() -> None:
    frame = paths(("a > b", 1, -10.0, 0), ("b", 1, 4.0, 0))
    totals = attribute(frame, MODELS).groupby("model")["value"].sum()
    assert totals.to_numpy() == pytest.approx(-6.0)
    assert credit(frame, "linear", "value") == pytest.approx({"a": -5, "b": -1})


def test_a_frame_of_no_paths_has_no_credits() -> None:
    found = attribute(paths(), MODELS)
    assert found.columns.tolist() == ["channel", "model", "conversions", "value"]
    assert found.empty


def test_models_and_channels_come_in_order() -> None:
    found = attribute(paths(("b > a", 1, 0, 0)), ["linear", "first_touch", "linear"])
    assert found["model"].tolist() == ["linear"] * 2 + ["first_touch"] * 2
    assert found["channel"].tolist() == ["a", "b"] * 2
    assert tuple(dict.fromkeys(attribute(paths(("a", 1, 0, 0)))["model"])) == DEFAULT_MODELS


def test_text_lists_arrow_and_decimals_are_the_same_paths() -> None:
    text = paths(("a > b", 2, 3.5, 1), ("b", 1, 4.0, 0)).assign(days_before=["8 > 0.5", "1"])
    lists = text.assign(path=[["a", "b"], ("b",)], days_before=[[8, 0.5], [1]])
    table = pa.table(
        {
            "path": pa.array([["a", "b"], ["b"]]),
            "conversions": pa.array([2, 1], pa.int8()),
            "value": pa.array([decimal.Decimal("3.5"), decimal.Decimal(4)]),
            "nulls": [1, 0],
            "days_before": pa.array([[8, 0.5], [1.0]]),
        }
    )
    other = text.assign(path=text["path"].str.replace(">", "|"), days_before=["8 | 0.5", "1"])
    expected = attribute(text, MODELS)
    for found in (attribute(lists, MODELS), attribute(table, MODELS), attribute(other, MODELS, separator=" | ")):
        pd.testing.assert_frame_equal(found, expected)


@pytest.mark.parametrize("model", MODELS)
def test_shares_of_steps_sum_to_one_in_each_path(journeys: Journeys, model: str) -> None:
    seen = encode(journeys(2))
    shares = step_shares(seen, model)
    assert (shares >= 0).all()
    assert np.bincount(seen.path_of, shares) == pytest.approx(1.0)


@pytest.mark.parametrize("model", [*HEURISTICS, "shapley"])
def test_orders_add_up_to_what_the_model_says(journeys: Journeys, model: str) -> None:
    """Path by path the shares give what `attribute` gives; for markov only the sum over channels does."""
    frame = journeys(3)
    seen = encode(frame)
    summed = np.bincount(seen.steps, step_shares(seen, model) * seen.conversions[seen.path_of])
    assert summed == pytest.approx(list(credit(frame, model).values()))


def test_a_path_is_shared_out_by_the_weights_of_its_channels() -> None:
    """Weights .2, .4, .4 and 0 (as in `test_markov`, with a quarter of all journeys elsewhere). C1 > C2 > C1, which
    nobody walked, gives C1 a third in two halves; where all weights are 0, each channel has the same."""
    rows = [
        ("C1 > C2 > C3", 1, 1, 0),
        ("C1", 0, 0, 1),
        ("C2 > C3", 0, 0, 1),
        ("x > y", 0, 0, 1),
        ("C1 > C2 > C1", 0, 0, 0),
    ]
    seen = encode(paths(*rows))
    assert channel_weights(seen, ["markov"])["weight"].tolist() == pytest.approx([0.2, 0.4, 0.4, 0.0, 0.0])
    shares = [0.2, 0.4, 0.4, 1, 0.5, 0.5, 0.5, 0.5, 1 / 6, 2 / 3, 1 / 6]
    assert step_shares(seen, "markov").tolist() == pytest.approx(shares)


GOOD = paths(("a > b", 1, 5.0, 0), ("b", 2, 5.0, 1))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"path": ["a", ""]}, ["'path'", "nothing", "row 1", "name its channel"]),
        ({"path": ["a", None]}, ["'path'", "nothing", "row 1"]),
        ({"path": ["a", "b > > c"]}, ["'path'", "'b > > c'", "row 1", "step 2 is empty"]),
        ({"path": ["a", "b >"]}, ["'b >'", "row 1", "step 2 is empty"]),
        ({"path": [["a"], []]}, ["'path'", "row 1"]),
        ({"path": [["a"], "b"]}, ["'path'", "neither text", "nor lists"]),
        ({"conversions": [1, -2]}, ["'conversions'", "-2", "row 1", "0 or more"]),
        ({"nulls": [-0.5, 1]}, ["'nulls'", "-0.5", "row 0", "0 or more"]),
        ({"conversions": [1, None]}, ["'conversions'", "nothing", "row 1", "write 0"]),
        ({"value": [float("nan"), 1]}, ["'value'", "nothing", "row 0", "write 0"]),
        ({"value": [float("inf"), 1]}, ["'value'", "inf", "row 0"]),
        ({"nulls": ["0", "many"]}, ["'nulls'", "'many'", "row 1", "expected a number"]),
        ({"conversions": [0, 1]}, ["'value'", "5.0", "row 0", "without a conversion"]),
        ({"days_before": ["1 > 0", "2 > 1"]}, ["'days_before'", "'2 > 1'", "row 1", "its path has 1 steps"]),
        ({"days_before": ["1 > 0", "-2"]}, ["'days_before'", "'-2'", "row 1", "0 or more"]),
        ({"days_before": ["1 > soon", "2"]}, ["'days_before'", "'1 > soon'", "row 0"]),
        ({"days_before": ["1 > 0", None]}, ["'days_before'", "nothing", "row 1"]),
    ],
)
def test_a_wrong_cell_is_named_with_its_row_and_remedy(change: dict[str, list[object]], words: list[str]) -> None:
    with pytest.raises(AttributionError) as raised:
        attribute(GOOD.assign(**{name: pd.Series(cells, dtype=object) for name, cells in change.items()}))
    for word in words:
        assert word in str(raised.value), str(raised.value)


def test_rows_are_named_as_the_frame_names_them() -> None:
    frame = GOOD.assign(nulls=[0, -1]).set_axis(pd.Index(["x", "y"], name="journey"))
    with pytest.raises(AttributionError, match="-1 in journey y"):
        attribute(frame)


@pytest.mark.parametrize("column", ["path", "conversions", "value", "nulls"])
def test_a_missing_column_is_named_among_those_there(column: str) -> None:
    with pytest.raises(AttributionError, match=f"column '{column}' is missing; there are .*write 0"):
        attribute(GOOD.drop(columns=column))


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"models": ["lineer"]}, ["no model 'lineer'", "linear", "shapley_rate"]),
        ({"models": []}, ["no model is asked for"]),
        ({"half_life": 3}, ["half_life=3", "no such setting", "half_life_days=7.0"]),
        ({"markov_order": 4}, ["markov_order=4", "less than or equal to 3"]),
        ({"half_life_days": 0}, ["half_life_days=0", "greater than 0"]),
        ({"first_weight": 0.7}, ["first_weight 0.7 and last_weight 0.4", "more than 1"]),
        ({"separator": " "}, ["separator is empty"]),
    ],
)
def test_a_wrong_choice_is_told_with_what_there_is(chosen: dict[str, object], words: list[str]) -> None:
    with pytest.raises(AttributionError) as raised:
        attribute(GOOD, **chosen)  # type: ignore[arg-type]
    for word in words:
        assert re.search(re.escape(word), str(raised.value)), str(raised.value)
