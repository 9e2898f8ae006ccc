"""The models against their own definitions: integrals over what customers differ in, finite differences, and what must
not matter (order, grouping, unit of time)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

from dagster_project.customer_value import (
    BgNbd,
    MbgNbd,
    ParetoNbd,
    fit_bgnbd,
    fit_mbgnbd,
    fit_paretonbd,
    gamma_gamma,
    pareto_nbd,
)
from dagster_project.customer_value.histories import Histories
from dagster_project.customer_value.likelihood import LogLikelihood
from dagster_project.customer_value.model import OrderModel

MODELS: dict[type[OrderModel], tuple[float, ...]] = {
    BgNbd: (0.7, 12.0, 0.8, 2.5),
    MbgNbd: (0.7, 12.0, 0.8, 2.5),
    ParetoNbd: (0.7, 12.0, 0.6, 9.0),
}
HISTORIES = [(0, 0.0, 20.0), (1, 3.0, 20.0), (4, 18.0, 20.0), (4, 20.0, 20.0), (9, 10.0, 30.0)]
LATER = 26.0


def frame(*rows: tuple[float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["frequency", "recency", "T"], dtype=float)


def some_customers(number: int = 600) -> pd.DataFrame:
    """A year of customers who stay for a while, in whole days, so that some histories repeat."""
    rng = np.random.default_rng(4)
    age = rng.integers(300, 360, number)
    staying = np.minimum(rng.exponential(1 / rng.gamma(1.0, 1 / 60, number)), age)
    frequency = rng.poisson(rng.gamma(0.8, 1 / 40, number) * staying)
    recency = np.where(frequency > 0, np.ceil(staying * rng.random(number) ** (1 / np.maximum(frequency, 1))), 0)
    return pd.DataFrame({"frequency": frequency, "recency": recency, "T": age})


def over_customers(kind: type[OrderModel], history: tuple[int, float, float]) -> tuple[float, float, float]:
    """Likelihood, P(alive) and orders within LATER by their definitions: for every rate of ordering and of stopping the
    textbook formula, then the mean over both by the trapezoidal rule in log(rate) and log(rate) or logit(p)."""
    x, t_x, age = history
    r, alpha, first, second = MODELS[kind]
    u = np.arange(-60, 4, 0.05)[:, None]
    rate = np.exp(u)
    weight = stats.gamma.pdf(rate, r, scale=1 / alpha) * rate * 0.05
    v = np.arange(-45, 45, 0.1)[None, :]
    if kind is ParetoNbd:
        stop = np.exp(v)
        weight = weight * stats.gamma.pdf(stop, first, scale=1 / second) * stop * 0.1
        alive = rate**x * np.exp(-(rate + stop) * age)
        gone = rate**x * stop / (rate + stop) * (np.exp(-(rate + stop) * t_x) - np.exp(-(rate + stop) * age))
        ending = stop * LATER
    else:
        stop, stay = special.expit(v), special.expit(-v)
        weight = weight * np.exp(first * np.log(stop) + second * np.log(stay) - special.betaln(first, second)) * 0.1
        chances = x if kind is BgNbd else x + 1
        alive = stay**chances * rate**x * np.exp(-rate * age)
        gone = stop * stay ** (chances - 1) * rate**x * np.exp(-rate * t_x) if chances else 0.0
        ending = rate * stop * LATER
    orders = rate * LATER * -np.expm1(-ending) / ending
    likelihood, living, coming = (float((weight * part).sum()) for part in (alive + gone, alive, alive * orders))
    return likelihood, living / likelihood, coming / likelihood


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("kind", MODELS)
def test_likelihood_p_alive_and_orders_are_means_over_customers(
    kind: type[OrderModel], history: tuple[int, float, float]
) -> None:
    model = kind(dict(zip(kind.NAMES, MODELS[kind], strict=True)))
    customers = frame(history)

    likelihood, alive, orders = over_customers(kind, history)

    log_likelihood = kind._log_likelihood(Histories.of(customers))(np.array(MODELS[kind]))[0]
    assert np.exp(log_likelihood) == pytest.approx(likelihood, rel=1e-8)
    assert model.p_alive(customers)[0] == pytest.approx(alive, rel=1e-8)
    assert model.expected_orders(customers, LATER)[0] == pytest.approx(orders, rel=1e-8)


@pytest.mark.parametrize("alpha", [5.0, 12.0, 12.0001, 80.0])
def test_paretonbd_gradient_is_smooth_where_alpha_meets_beta(alpha: float) -> None:
    likelihood = pareto_nbd.log_likelihood(Histories.of(some_customers()))
    assert_gradient(likelihood, np.array([0.7, alpha, 0.6, 12.0]))


@pytest.mark.parametrize("kind", MODELS)
@pytest.mark.parametrize("times", [(1.0, 1.0, 1.0, 1.0), (0.2, 3.0, 4.0, 0.3), (5.0, 0.2, 0.3, 4.0)])
def test_gradient_equals_finite_differences(kind: type[OrderModel], times: tuple[float, ...]) -> None:
    likelihood = kind._log_likelihood(Histories.of(some_customers()))
    assert_gradient(likelihood, np.array(MODELS[kind]) * times)


def test_gradient_of_gamma_gamma_equals_finite_differences() -> None:
    x, m, n = np.array([1.0, 2, 7]), np.array([30.0, 12.5, 80]), np.array([3.0, 1, 2])
    assert_gradient(gamma_gamma.log_likelihood(x, m, n), np.array([6.0, 3.7, 15.0]))


def assert_gradient(likelihood: LogLikelihood, values: np.ndarray) -> None:
    """Fourth-order differences in logarithms."""
    value, gradient = likelihood(values)
    for place, step in enumerate(np.eye(len(values)) * 1e-3):
        at = [likelihood(values * np.exp(step * times))[0] for times in (-2, -1, 1, 2)]
        slope = (at[0] - 8 * at[1] + 8 * at[2] - at[3]) / 12e-3
        assert gradient[place] * values[place] == pytest.approx(slope, rel=1e-7, abs=1e-8 * abs(value))


@pytest.mark.parametrize("fit", [fit_bgnbd, fit_mbgnbd, fit_paretonbd])
def test_rows_with_a_count_are_as_good_as_customers_in_any_order(fit: Callable[[pd.DataFrame], OrderModel]) -> None:
    customers = some_customers()
    grouped = customers.groupby(["frequency", "recency", "T"], as_index=False).size().rename(columns={"size": "n"})
    assert len(grouped) < len(customers)

    whole, counted, mixed = fit(customers), fit(grouped), fit(customers.sample(frac=1, random_state=1))

    for other in (counted, mixed):
        assert (dict(other.params), other.log_likelihood) == (dict(whole.params), whole.log_likelihood)
    assert dict(counted.standard_errors) == dict(whole.standard_errors)


@pytest.mark.parametrize("fit", [fit_bgnbd, fit_mbgnbd, fit_paretonbd])
def test_the_unit_of_time_changes_nothing_but_units(fit: Callable[[pd.DataFrame], OrderModel]) -> None:
    """A likelihood of x orders is a density in time to the power x: in weeks it is 7^x times that in days."""
    days = some_customers()
    weeks = days.assign(recency=days["recency"] / 7, T=days["T"] / 7)

    daily, weekly = fit(days), fit(weeks)

    assert daily.fallback is None
    assert weekly.log_likelihood == pytest.approx(daily.log_likelihood + days["frequency"].sum() * np.log(7), abs=1e-6)
    for name in daily.NAMES:
        unit = 7 if name in daily.TIMES else 1
        assert weekly.params[name] * unit == pytest.approx(daily.params[name], rel=1e-6)
        assert weekly.standard_errors[name] * unit == pytest.approx(daily.standard_errors[name], rel=1e-5)
    assert weekly.p_alive(weeks) == pytest.approx(daily.p_alive(days), rel=1e-6)
    assert weekly.expected_orders(weeks, 13) == pytest.approx(daily.expected_orders(days, 91), rel=1e-6)


@pytest.mark.parametrize("kind", MODELS)
def test_orders_are_expected_in_the_order_of_rows_and_grow_with_time(kind: type[OrderModel]) -> None:
    customers = some_customers(50)
    model = kind(dict(zip(kind.NAMES, MODELS[kind], strict=True)))

    found = model.expected_orders(customers, [0.0, 30.0, 90.0])

    assert found.shape == (50, 3)
    assert (found[:, 0] == 0).all()
    assert (np.diff(found, axis=1) > 0).all()
    alone = [model.expected_orders(customers.iloc[[row]], 90.0)[0] for row in range(50)]
    assert found[:, 2] == pytest.approx(alone, rel=1e-12)


def test_who_never_came_back_is_alive_in_the_bgnbd_alone() -> None:
    """The BG/NBD lets nobody stop before a repeat purchase; in the MBG/NBD the odds are a/b ((alpha+T)/alpha)^r:
    .8/2.5 * (32/12)^.7 = .6358, P(alive) = 1/1.6358 = .6113."""
    silent = frame((0, 0.0, 20.0))
    bg, mbg = (kind(dict(zip(kind.NAMES, MODELS[kind], strict=True))) for kind in (BgNbd, MbgNbd))

    assert bg.p_alive(silent)[0] == 1
    assert mbg.p_alive(silent)[0] == pytest.approx(0.6113, abs=5e-5)


@pytest.mark.parametrize("a", [1.0, 1 + 1e-9, 1 - 1e-7])
def test_expected_orders_pass_through_the_pole_of_the_formula(a: float) -> None:
    """(a+b+x-1)/(a-1) at a = 1, and a+b+x-1 = 0 for x = 0 and a + b = 1."""
    customers = frame(*HISTORIES)
    near, beside = (BgNbd({"r": 0.7, "alpha": 12, "a": value, "b": 2.5}) for value in (a, 1.001))
    assert near.expected_orders(customers, LATER) == pytest.approx(beside.expected_orders(customers, LATER), rel=1e-2)
    unit, wide = (BgNbd({"r": 0.7, "alpha": 12, "a": 0.4, "b": value}) for value in (0.6, 0.6001))
    assert unit.expected_orders(customers, LATER) == pytest.approx(wide.expected_orders(customers, LATER), rel=1e-3)


def test_many_orders_and_long_silence_stay_numbers() -> None:
    """lifetimes#27 and like: x = 800 overflows the papers' hypergeometric functions."""
    busy = frame((800, 700.0, 730.0), (800, 20.0, 730.0), (0, 0.0, 0.0))
    for kind, values in MODELS.items():
        model = kind(dict(zip(kind.NAMES, values, strict=True)))
        alive, orders = model.p_alive(busy), model.expected_orders(busy, 365.0)
        assert alive[0] > 1e-20
        assert 0 <= alive[1] < 1e-100
        assert np.isfinite(orders).all()
        value, gradient = kind._log_likelihood(Histories.of(busy))(np.array(values))
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()
