"""Credits against a known truth: values worked by hand, the normal approximation, and what must not matter."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from dagster_project.attribution.evaluation import EvaluationError, evaluate


def credits_of(rows: list[tuple[str, str, str, float]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["customer_id", "touch_channel", "model", "orders"])


def truth(**incremental: float) -> pd.DataFrame:
    return pd.DataFrame({"touch_channel": list(incremental), "incremental": list(incremental.values())})


def test_a_worked_example() -> None:
    """Email caused 6 orders, search 2, display -1, which is chance: 0. Shares 3/4, 1/4, 0. Last touch credits email
    with 2 + 1 and search with 3 (direct, which causes nothing, is set aside): 1/2, 1/2, 0; error 1/4 + 1/4. Linear
    credits 3, 0 and 1 for display: 3/4, 0, 1/4; error 0 + 1/4 + 1/4. Orders caused per order credited: email 6/3,
    search 2/3, display nothing credited by last touch, and 0/1 by linear."""
    found = evaluate(
        credits_of(
            [
                ("ann", "email", "last_touch", 2), ("bea", "email", "last_touch", 1),
                ("bea", "search", "last_touch", 3), ("bea", "direct", "last_touch", 9),
                ("ann", "email", "linear", 3), ("bea", "display", "linear", 1),
            ]
        ),
        truth(email=6, search=2, display=-1),
    )  # fmt: skip
    assert found.customers == 2
    assert found.models["error"].tolist() == pytest.approx([0.5, 0.5])
    cells = found.channels.set_index(["model", "touch_channel"])
    assert cells["true_share"].xs("linear").to_dict() == {"display": 0, "email": 0.75, "search": 0.25}
    assert cells["share"].xs("last_touch").to_dict() == {"display": 0, "email": 0.5, "search": 0.5}
    assert cells["share"].xs("linear").to_dict() == {"display": 0.25, "email": 0.75, "search": 0}
    ratios = cells["incremental_per_credited"]
    assert ratios["last_touch", "email"] == 2
    assert ratios["last_touch", "search"] == pytest.approx(2 / 3)
    assert math.isnan(ratios["last_touch", "display"])
    assert ratios["linear", "display"] == 0


def test_customers_alike_leave_nothing_to_chance() -> None:
    alike = [(f"c{number}", channel, "linear", part) for number in range(50) for channel, part in (("a", 3), ("b", 1))]
    found = evaluate(credits_of(alike), truth(a=1, b=1), replicates=200)
    assert found.channels["share_low"].tolist() == pytest.approx([0.75, 0.25])
    assert found.channels["share_high"].tolist() == pytest.approx([0.75, 0.25])
    assert (found.models["error_low"][0], found.models["error_high"][0]) == (pytest.approx(0.5), pytest.approx(0.5))


def test_the_interval_of_a_share_is_that_of_a_proportion() -> None:
    """900 customers of one order each, 3 of 10 by email: standard error sqrt(.3 x .7 / 900) = .01528, 95 % interval
    2 x 1.96 x .01528 = .0599 wide. The bootstrap's quantiles scatter by a few per cent."""
    ones = [(f"c{number}", "email" if number % 10 < 3 else "search", "linear", 1.0) for number in range(900)]
    found = evaluate(credits_of(ones), truth(email=3, search=7), replicates=4000)
    email = found.channels.set_index("touch_channel").loc["email"]
    assert email["share_high"] - email["share_low"] == pytest.approx(0.0599, rel=0.06)
    assert (email["share_high"] + email["share_low"]) / 2 == pytest.approx(0.3, abs=0.002)


def test_neither_order_of_rows_nor_cutting_them_matters() -> None:
    rows = [(f"c{number % 40}", "abc"[number % 3], "linear", float(number % 5)) for number in range(200)]
    whole = evaluate(credits_of(rows), truth(a=1, b=2, c=3), replicates=100)
    halves = [(who, where, how, orders / 2) for who, where, how, orders in rows]
    cut = evaluate(credits_of(halves[::-1] + halves), truth(c=3, a=1, b=2), replicates=100)
    pd.testing.assert_frame_equal(whole.channels, cut.channels)
    pd.testing.assert_frame_equal(whole.models, cut.models)


@pytest.mark.parametrize(
    ("credited", "known", "said"),
    [
        (credits_of([]).drop(columns="orders"), truth(a=1), "credited: column 'orders' is missing"),
        (credits_of([("c", "a", "m", 1)]), truth(a=1).rename(columns={"incremental": "n"}), "column 'incremental'"),
        (credits_of([("c", "a", "m", 1)]), pd.concat([truth(a=1), truth(a=2)]), "touch_channel 'a' is repeated"),
        (credits_of([("c", "a", "m", 1)]), truth(a=0, b=-2), "no channel caused an order"),
        (credits_of([("c", "b", "m", 1)]), truth(a=1), "there is nothing on the channels of the truth, a"),
    ],
)
def test_what_cannot_be_compared_is_named(credited: pd.DataFrame, known: pd.DataFrame, said: str) -> None:
    with pytest.raises(EvaluationError, match=said):
        evaluate(credited, known)
