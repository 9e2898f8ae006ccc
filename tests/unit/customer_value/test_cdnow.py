"""CDNOW, the data set of the papers: their figures to the printed digits, and `lifetimes` on a grid of histories."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from dagster_project.customer_value import (
    BgNbd,
    MbgNbd,
    ParetoNbd,
    fit_bgnbd,
    fit_gamma_gamma,
    fit_mbgnbd,
    fit_paretonbd,
)

GRID = pd.DataFrame(
    [
        (x, recency, age)
        for x in (0, 1, 2, 5, 15, 29)
        for age in (1.0, 4.0, 26.0, 38.857, 104.0)
        for recency in ([0.0] if x == 0 else [age * share for share in (0.05, 0.5, 0.9, 1.0)])
    ],
    columns=["frequency", "recency", "T"],
)
PARAMS = {
    "BgNbd": [(0.243, 4.414, 0.793, 2.426), (1.5, 12.0, 2.2, 6.0), (0.6, 60.0, 0.4, 1.7)],
    "MbgNbd": [(0.525, 6.183, 0.891, 1.614), (1.5, 12.0, 2.2, 6.0)],
    "ParetoNbd": [(0.553, 10.578, 0.606, 11.669), (1.2, 15.0, 2.5, 6.0), (0.4, 3.0, 0.5, 30.0)],
}


def test_the_customers_are_those_of_the_papers(cdnow: pd.DataFrame) -> None:
    """Means of x, t_x and T over 2,357 customers, of whom 946 came back."""
    assert (len(cdnow), int((cdnow["frequency"] > 0).sum())) == (2357, 946)
    assert cdnow[["frequency", "recency", "T"]].mean().round(4).tolist() == [1.0424, 6.8458, 32.7159]


def test_bgnbd_is_that_of_fader_hardie_and_lee(cdnow: pd.DataFrame) -> None:
    model = fit_bgnbd(cdnow)

    assert {name: round(value, 3) for name, value in model.params.items()} == {
        "r": 0.243,
        "alpha": 4.414,
        "a": 0.793,
        "b": 2.426,
    }
    assert round(model.log_likelihood, 1) == -9582.4
    assert model.fallback is None


def test_paretonbd_is_that_of_fader_hardie_and_lee(cdnow: pd.DataFrame) -> None:
    model = fit_paretonbd(cdnow)

    assert {name: round(value, 3) for name, value in model.params.items()} == {
        "r": 0.553,
        "alpha": 10.578,
        "s": 0.606,
        "beta": 11.669,
    }
    assert round(model.log_likelihood, 1) == -9595.0
    assert model.fallback is None


def test_gamma_gamma_is_that_of_fader_and_hardie(cdnow: pd.DataFrame) -> None:
    model = fit_gamma_gamma(cdnow)

    assert {name: round(value, 2) for name, value in model.params.items()} == {"p": 6.25, "q": 3.74, "gamma": 15.44}
    assert round(model.log_likelihood, 2) == -4055.92
    spends = model.expected_order_value(cdnow)[:10].round(2).tolist()
    assert spends == [24.65, 18.91, 35.17, 35.17, 35.17, 71.46, 18.91, 35.17, 27.28, 35.17]


@pytest.mark.parametrize(
    ("fit", "theirs"), [(fit_bgnbd, "BetaGeoFitter"), (fit_mbgnbd, "ModifiedBetaGeoFitter")], ids=["BG", "MBG"]
)
def test_parameters_and_standard_errors_are_those_of_lifetimes(
    cdnow: pd.DataFrame, lifetimes: ModuleType, fit: Callable[..., BgNbd | MbgNbd], theirs: str
) -> None:
    """Its search stops early (tolerance 1e-7 of the mean log-likelihood), hence a thousandth."""
    model = fit(cdnow)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = getattr(lifetimes, theirs)().fit(cdnow["frequency"], cdnow["recency"], cdnow["T"], tol=1e-8)

    assert [*model.params.values()] == pytest.approx(other.params_[[*model.params]].tolist(), rel=1e-3)
    # Its alpha's error is that of the scaled data times the unscaled alpha: right, as the error is relative.
    assert [*model.standard_errors.values()] == pytest.approx(
        other.standard_errors_[[*model.params]].tolist(), rel=5e-3
    )


@pytest.mark.parametrize(
    ("kind", "theirs"),
    [(BgNbd, "BetaGeoFitter"), (MbgNbd, "ModifiedBetaGeoFitter"), (ParetoNbd, "ParetoNBDFitter")],
    ids=["BG", "MBG", "Pareto"],
)
def test_p_alive_and_expected_orders_are_those_of_lifetimes(
    lifetimes: ModuleType, kind: type[BgNbd | MbgNbd | ParetoNbd], theirs: str
) -> None:
    x, recency, age = (GRID[name].to_numpy() for name in GRID)
    for values in PARAMS[kind.__name__]:
        model = kind(dict(zip(kind.NAMES, values, strict=True)))
        other = getattr(lifetimes, theirs)()
        other.params_ = pd.Series(dict(model.params))

        with np.errstate(all="ignore"):
            alive = other.conditional_probability_alive(x, recency, age)
        assert model.p_alive(GRID) == pytest.approx(alive, abs=1e-6)
        for t in (1.0, 13.0, 52.0):
            with np.errstate(all="ignore"):
                orders = other.conditional_expected_number_of_purchases_up_to_time(t, x, recency, age)
            assert model.expected_orders(GRID, t) == pytest.approx(orders, abs=1e-6)
