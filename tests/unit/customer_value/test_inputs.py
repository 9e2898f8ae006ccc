"""Frames that cannot be right are refused with column, row, value and remedy; fits without a maximum say so."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from dagster_project.customer_value import BgNbd, ParetoNbd, fit_bgnbd, fit_gamma_gamma, fit_mbgnbd, fit_paretonbd
from dagster_project.customer_value.model import OrderModel

FITS = [fit_bgnbd, fit_mbgnbd, fit_paretonbd]


def customers(**changed: object) -> pd.DataFrame:
    """Three customers, indexed a, b, c; `changed` are values of b."""
    frame = pd.DataFrame(
        {"frequency": [0.0, 2.0, 1.0], "recency": [0.0, 30.5, 3.0], "T": [39.0, 38.0, 12.0], "n": [1.0, 1.0, 2.0]},
        index=["a", "b", "c"],
    )
    for column, value in changed.items():
        frame[column] = frame[column].astype(object)
        frame.loc["b", column] = value
    return frame


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"recency": 38.5}, r"column 'recency' holds 38\.5 in row b, which is more than T; both count from"),
        ({"frequency": -1}, r"column 'frequency' holds -1 in row b, which is negative"),
        ({"frequency": 1.5}, r"column 'frequency' holds 1\.5 in row b, which is no whole number; it is a count"),
        ({"T": float("nan")}, r"column 'T' holds nan in row b, which is no finite number; leave the row out"),
        ({"T": None}, r"column 'T' holds None in row b, which is no finite number"),
        ({"T": "long"}, r"column 'T' holds long in row b, which is no finite number"),
        ({"T": float("inf")}, r"column 'T' holds inf in row b, which is no finite number"),
        ({"frequency": 0}, r"column 'recency' holds 30\.5 in row b, which is not 0 at frequency 0"),
        ({"recency": 0}, r"column 'recency' holds 0 in row b, which contradicts a frequency above 0"),
        ({"n": 0}, r"column 'n' holds 0 in row b, which is nobody; leave the row out"),
        ({"n": 2.5}, r"column 'n' holds 2\.5 in row b, which is no whole number"),
    ],
)
def test_a_wrong_value_is_named_with_its_row_and_the_remedy(changed: dict[str, object], message: str) -> None:
    model = BgNbd({"r": 1, "alpha": 1, "a": 1, "b": 2})
    for use in (*FITS, model.p_alive, lambda frame: model.expected_orders(frame, 1.0)):
        with pytest.raises(ValueError, match=message):
            use(customers(**changed))


def test_several_wrong_rows_are_counted() -> None:
    with pytest.raises(ValueError, match=r"holds 39\.0 in row a, .* \(as do 2 more rows\)"):
        fit_bgnbd(
            customers().assign(T=-1).rename(columns={"T": "recency", "recency": "T"}).assign(recency=[39.0, 40, 41])
        )


def test_an_empty_frame_and_a_missing_column_are_refused() -> None:
    with pytest.raises(ValueError, match="the frame has no rows"):
        fit_bgnbd(customers().iloc[:0])
    with pytest.raises(ValueError, match="column 'T' is missing; the frame has frequency, recency, n"):
        fit_paretonbd(customers().drop(columns="T"))


def test_order_values_are_asked_for_where_there_are_orders() -> None:
    spends = pd.DataFrame({"frequency": [0, 2, 3], "monetary_mean": [np.nan, 20.0, 0.0]})
    with pytest.raises(ValueError, match=r"column 'monetary_mean' holds 0\.0 in row 2, which is not above 0"):
        fit_gamma_gamma(spends)
    with pytest.raises(ValueError, match=r"column 'monetary_mean' holds nan in row 1, which is no finite number"):
        fit_gamma_gamma(spends.assign(monetary_mean=np.nan))
    with pytest.raises(ValueError, match="column 'frequency' is 0 in every row"):
        fit_gamma_gamma(spends.assign(frequency=0))


def test_parameters_are_refused_that_are_none() -> None:
    with pytest.raises(ValueError, match=r"BgNbd: parameter 'a' is -1, not a number above 0"):
        BgNbd({"r": 1, "alpha": 1, "a": -1, "b": 2})
    with pytest.raises(ValueError, match=r"ParetoNbd: the parameters are r, alpha, s, beta, not r, a"):
        ParetoNbd({"r": 1, "a": 1})
    with pytest.raises(ValueError, match="expected_orders: t is -1"):
        BgNbd({"r": 1, "alpha": 1, "a": 1, "b": 2}).expected_orders(customers(), -1)


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"frequency": 0, "recency": 0, "T": [5.0, 9.0, 30.0]}),
        pd.DataFrame({"frequency": [1], "recency": [2.0], "T": [9.0], "n": [500]}),
        pd.DataFrame({"frequency": 0, "recency": 0, "T": [0.0, 0.0]}),
    ],
    ids=["nobody came back", "all alike", "all new today"],
)
def test_without_a_maximum_the_model_says_why_and_still_scores(
    fit: Callable[[pd.DataFrame], OrderModel], frame: pd.DataFrame
) -> None:
    model = fit(frame)

    assert model.fallback
    assert np.isnan(list(model.standard_errors.values())).all()
    assert ((model.p_alive(frame) > 0) & (model.p_alive(frame) <= 1)).all()
    assert (model.expected_orders(frame, 10.0) >= 0).all()
    assert np.isfinite(model.expected_orders(frame, 10.0)).all()


def test_order_values_that_never_differ_fall_back_near_their_mean() -> None:
    same = pd.DataFrame({"frequency": [1, 2, 5, 3] * 50, "monetary_mean": 20.0})
    model = fit_gamma_gamma(same)

    assert model.fallback
    assert model.expected_order_value(same) == pytest.approx(20, rel=0.05)
