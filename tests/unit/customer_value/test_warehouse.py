"""Scores of the warehouse: served by what was better on days held out. Oracles: hand-worked values, a planted model."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dagster_project.customer_value import ParetoNbd, value_customers
from dagster_project.customer_value.warehouse import ValuedCustomers
from dagster_project.settings import CustomerValue, shipped_settings

END = dt.date(2026, 10, 31)
SETTINGS = shipped_settings().customer_value
HISTORY = ["cut", "frequency", "recency_days", "age_days", "recent_orders", "future_orders"]
NO_VALUES = pa.table({"valued_orders": pa.array([], pa.int64()), "valued_revenue": pa.array([], pa.decimal128(18, 4)),
                      "customers": pa.array([], pa.int64())})  # fmt: skip


def histories(*rows: tuple[str, int, int, int, int, int, int]) -> pa.Table:
    return pa.Table.from_pandas(pd.DataFrame(rows, columns=[*HISTORY, "customers"]), preserve_index=False)


def with_settings(**changed: object) -> CustomerValue:
    return CustomerValue.model_validate(SETTINGS.model_dump() | changed)


def simulated(days: int, seed: int, number: int = 6_000) -> pa.Table:
    """Statistics of customers of a Pareto/NBD process, followed for `days`: rates a day, one purchase a day at most."""
    rng = np.random.default_rng(seed)
    rate, leaving = rng.gamma(0.9, 1 / 60, number), rng.gamma(0.8, 1 / 90, number)
    born = rng.integers(0, days - 100, number)
    gone = born + rng.exponential(1 / np.maximum(leaving, 1e-9))
    rows = []
    for cut, until in (("now", days), ("held_out", days - SETTINGS.held_out_days)):
        for customer in np.flatnonzero(born <= until):
            own = np.random.default_rng((seed, int(customer)))
            end = int(min(gone[customer], days))
            gaps = own.exponential(1 / rate[customer], size=int(3 * days * rate[customer]) + 20).cumsum()
            later = np.unique((born[customer] + gaps)[born[customer] + gaps <= end].astype(int))
            bought = np.unique(np.append(later, born[customer]))
            known = bought[bought <= until]
            rows.append((cut, len(known) - 1, int(known[-1] - known[0]), int(until - known[0]),
                         int((known > until - SETTINGS.held_out_days).sum()), int((bought > until).sum())))  # fmt: skip
    frame = pd.DataFrame(rows, columns=HISTORY).groupby(HISTORY, as_index=False).size()
    return pa.Table.from_pandas(frame.rename(columns={"size": "customers"}), preserve_index=False)


@pytest.fixture(scope="module")
def planted() -> pa.Table:
    return simulated(720, seed=3)


@pytest.fixture(scope="module")
def valued(planted: pa.Table) -> ValuedCustomers:
    return value_customers(planted, NO_VALUES, SETTINGS, data_end=END)


def metric(valued: ValuedCustomers, model: str, name: str, band: str = "all") -> dict[str, object]:
    (row,) = [
        row
        for row in valued.evaluations.to_pylist()
        if (row["model"], row["metric"], row["frequency_band"]) == (model, name, band)
    ]
    return row


def test_customers_of_a_model_are_served_by_it_and_better_than_by_their_recent_past(valued: ValuedCustomers) -> None:
    rmse = metric(valued, "paretonbd", "rmse")
    assert rmse["served"] == "model"
    assert rmse["difference"] < -2 * rmse["difference_standard_error"]  # type: ignore[operator]
    assert set(valued.scores["served"].to_pylist()) == {"model"}
    total = metric(valued, "paretonbd", "total_ratio")
    assert total["value"] == pytest.approx(1, abs=4 * total["standard_error"])  # type: ignore[operator]
    for band in ("0", "1", "2", "3+"):
        assert metric(valued, "paretonbd", "calibration", band)["value"] == pytest.approx(1, abs=0.15)
    assert (rmse["held_out_from"], rmse["held_out_until"]) == (dt.date(2026, 8, 3), END)


def test_scores_are_those_of_the_model_fitted_to_everybody(planted: pa.Table, valued: ValuedCustomers) -> None:
    now = planted.to_pandas().query("cut == 'now'")
    customers = now.rename(columns={"recency_days": "recency", "age_days": "T", "customers": "n"})
    model = ParetoNbd.fit(customers)
    scores = valued.scores.to_pandas()
    joined = customers.merge(scores, left_on=["frequency", "recency", "T", "recent_orders"],
                             right_on=["frequency", "recency_days", "age_days", "recent_orders"])  # fmt: skip
    assert len(joined) == len(customers)
    np.testing.assert_allclose(joined["p_alive"], model.p_alive(joined), rtol=1e-9)
    np.testing.assert_allclose(joined["expected_orders_90d"], model.expected_orders(joined, 90), rtol=1e-9)
    # Orders to come are discounted by at most a year's rate, and none counts whole.
    year, discounted = joined["expected_orders_365d"], joined["discounted_orders_12m"]
    assert ((discounted < year) & (discounted > year / 1.1)).all()
    assert (joined["discounted_orders"] > discounted).all()
    assert valued.parameters["paretonbd"]["parameters"]["r"] == pytest.approx(model.params["r"], rel=1e-5)


def test_neither_order_nor_grouping_of_rows_changes_anything(planted: pa.Table, valued: ValuedCustomers) -> None:
    shuffled = planted.take(pa.array(np.random.default_rng(1).permutation(planted.num_rows)))
    again = value_customers(shuffled, NO_VALUES, SETTINGS, data_end=END)
    assert again.scores.equals(valued.scores)
    assert again.evaluations.equals(valued.evaluations)
    assert again.parameters == valued.parameters


def test_the_bootstraps_error_is_that_of_a_mean_of_paired_differences(
    planted: pa.Table, valued: ValuedCustomers
) -> None:
    held_out = planted.to_pandas().query("cut == 'held_out'")
    customers = held_out.rename(columns={"recency_days": "recency", "age_days": "T", "customers": "n"})
    forecast = ParetoNbd.fit(customers).expected_orders(customers, 90.0)
    actual, recent, n = (held_out[name] for name in ("future_orders", "recent_orders", "customers"))
    gap = (forecast - actual).abs() - (recent - actual).abs()
    mean = np.average(gap, weights=n)
    deviation = np.sqrt(np.average((gap - mean) ** 2, weights=n) / n.sum())
    mae = metric(valued, "paretonbd", "mae")
    assert mae["baseline"] == "recent_rate"
    assert mae["difference"] == pytest.approx(mean, rel=1e-9)
    # Of 200 draws, a deviation is known to a twentieth.
    assert mae["difference_standard_error"] == pytest.approx(deviation, rel=0.2)


# Two kinds of customers who do just what they did: buyers of four in 90 days go on, all others never come back.
# Their histories are alike, so no model of histories can tell them apart, but their last 90 days do.
_OF_HABIT = [
    row
    for cut in ("now", "held_out")
    for row in (
        (cut, 8, 300, 380, 4, 4 if cut == "held_out" else 0, 300),
        (cut, 8, 300, 380, 0, 0, 300),
        (cut, 0, 0, 380, 0, 0, 400),
        (cut, 1, 40, 380, 0, 0, 200),
    )
]


def test_a_model_that_is_worse_is_replaced_by_the_better_baseline() -> None:
    valued = value_customers(histories(*_OF_HABIT), NO_VALUES, SETTINGS, data_end=END)
    rmse = metric(valued, "paretonbd", "rmse")
    assert rmse["served"] == rmse["baseline"] == "recent_rate"
    assert rmse["baseline_value"] == 0
    scores = valued.scores.to_pandas().set_index(["frequency", "recent_orders"])
    assert set(scores["served"]) == {"recent_rate"}
    assert scores["p_alive"].isna().all()
    loyal = scores.loc[(8, 4)]
    assert loyal["expected_orders_90d"] == pytest.approx(4)
    assert loyal["expected_orders_365d"] == pytest.approx(4 * 365 / 90)
    # 4 orders in 90 days are 4 x 30.4375 / 90 a month, the i-th month's divided by 1.1^(i/12): the geometric series.
    q = 1.1 ** (-1 / 12)
    assert loyal["discounted_orders_12m"] == pytest.approx(4 * 30.4375 / 90 * q * (1 - q**12) / (1 - q))
    assert loyal["discounted_orders"] == pytest.approx(4 * 30.4375 / 90 * q * (1 - q**36) / (1 - q))
    assert scores.loc[(0, 0)]["expected_orders_365d"] == 0
    # Others are shown beside the chosen one, and serve nothing.
    assert metric(valued, "bgnbd", "rmse")["served"] is None


def test_metrics_of_the_mean_by_hand() -> None:
    # Ten customers with 5 purchases in their last 90 days, all observed for that long: .5 each. Then one bought twice.
    rows = [("held_out", 4, 100, 200, 5, 2, 1), ("held_out", 0, 0, 200, 0, 0, 9)]
    valued = value_customers(histories(*rows), NO_VALUES, SETTINGS, data_end=END)
    rmse, total = metric(valued, "paretonbd", "rmse"), metric(valued, "paretonbd", "total_ratio")
    assert rmse["baseline"] == "mean"
    # (2 - .5)^2 + 9 x .5^2 = 4.5 over ten customers.
    assert rmse["baseline_value"] == pytest.approx(0.45**0.5)
    assert total["baseline_value"] == pytest.approx(5 / 2)
    assert rmse["n"] == 10
    assert metric(valued, "paretonbd", "calibration", "3+")["baseline_value"] == pytest.approx(0.5 / 2)
    assert metric(valued, "paretonbd", "calibration", "0")["value"] is None
    assert valued.scores.num_rows == 0


def test_who_came_lately_is_measured_over_their_own_days() -> None:
    # 9 customers over 90 days and 10 over the 9 days since they came: 100 purchases in 900 days, 10 in 90.
    rows = [("held_out", 12, 290, 300, 10, 10, 9), ("held_out", 0, 0, 8, 1, 10, 10)]
    valued = value_customers(histories(*rows), NO_VALUES, SETTINGS, data_end=END)
    assert metric(valued, "paretonbd", "rmse")["baseline"] == "mean"
    assert metric(valued, "paretonbd", "rmse")["baseline_value"] == pytest.approx(0, abs=1e-12)
    assert metric(valued, "paretonbd", "total_ratio")["baseline_value"] == pytest.approx(1)


def test_another_model_may_be_chosen(planted: pa.Table) -> None:
    valued = value_customers(planted, NO_VALUES, with_settings(model="bgnbd"), data_end=END)
    scores = valued.scores.to_pandas()
    assert set(scores["served"]) == {"model"}
    # The BG/NBD takes nobody who bought once for lost.
    assert (scores.loc[scores["frequency"] == 0, "p_alive"] == 1).all()
    assert set(valued.parameters) == {"bgnbd"}
    assert metric(valued, "paretonbd", "rmse")["served"] is None


def test_order_values_come_with_their_correlation() -> None:
    # Frequencies 1 and 3 with means 10 and 30, weights 1 and 1: a straight line.
    values = pa.table({"valued_orders": [1, 3], "valued_revenue": [10.0, 90.0], "customers": [50, 50]})
    valued = value_customers(histories(("now", 1, 10, 20, 2, 0, 50), ("now", 3, 10, 20, 4, 0, 50)), values, SETTINGS,
                             data_end=END)  # fmt: skip
    assert valued.parameters["gamma_gamma"]["correlation_of_frequency_and_value"] == 1
    assert valued.order_value.num_rows == 1


def test_without_customers_there_is_nothing() -> None:
    valued = value_customers(histories(), NO_VALUES, SETTINGS, data_end=END)
    assert (valued.scores.num_rows, valued.order_value.num_rows, valued.evaluations.num_rows) == (0, 0, 0)
    assert valued.parameters == {}


def test_the_longer_the_horizon_the_more_orders(planted: pa.Table) -> None:
    sums = [
        value_customers(planted, NO_VALUES, with_settings(horizon_months=months), data_end=END)
        .scores["discounted_orders"]
        .to_numpy()
        .sum()
        for months in (6, 12, 24)
    ]
    assert all(shorter < longer for shorter, longer in pairwise(sums))
