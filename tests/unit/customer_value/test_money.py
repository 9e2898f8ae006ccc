"""The value of an order and the discounted margin, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from dagster_project.customer_value import GammaGamma, clv, fit_gamma_gamma, gamma_gamma


def test_one_order_pulls_halfway_and_many_decide() -> None:
    """p 6, q 4, gamma 15: mean 15 * 6 / 3 = 30. Two orders of mean 50: 6 * (15 + 100) / (12 + 3) = 46. None: 30,
    whatever stands there. A thousand of 50: 6 * 50015 / 6003 = 49.99."""
    model = GammaGamma({"p": 6, "q": 4, "gamma": 15})
    customers = pd.DataFrame({"frequency": [0, 2, 0, 1000], "monetary_mean": [np.nan, 50.0, 999.0, 50.0]})

    assert model.mean == 30
    assert model.expected_order_value(customers) == pytest.approx([30, 46, 30, 6 * 50_015 / 6003])


def test_gamma_gamma_likelihood_is_the_mean_over_customers() -> None:
    """x orders of Gamma(p, nu) have a mean of Gamma(px, nu x); nu is Gamma(q, gamma)."""
    p, q, gamma, x, m = 6.0, 3.7, 15.0, 3.0, 22.0
    log_nu = np.arange(-30, 10, 0.002)
    nu = np.exp(log_nu)
    density = stats.gamma.pdf(nu, q, scale=1 / gamma) * nu * stats.gamma.pdf(m, p * x, scale=1 / (nu * x)) * 0.002

    found, _ = gamma_gamma.log_likelihood(np.array([x]), np.array([m]), np.array([1.0]))(np.array([p, q, gamma]))

    assert np.exp(found) == pytest.approx(density.sum(), rel=1e-9)
    value = GammaGamma({"p": p, "q": q, "gamma": gamma}).expected_order_value(
        pd.DataFrame({"frequency": [x], "monetary_mean": [m]})
    )
    assert value[0] == pytest.approx((density * p / nu).sum() / density.sum(), rel=1e-9)


def test_who_bought_once_teaches_nothing_about_values() -> None:
    rng = np.random.default_rng(3)
    repeat = pd.DataFrame({"frequency": rng.integers(1, 6, 300), "monetary_mean": rng.gamma(4, 10, 300)})
    once = pd.DataFrame({"frequency": [0] * 40, "monetary_mean": np.nan})

    alone, together = fit_gamma_gamma(repeat), fit_gamma_gamma(pd.concat([once, repeat], ignore_index=True))

    assert dict(together.params) == dict(alone.params)
    assert together.log_likelihood == alone.log_likelihood


def test_counted_rows_and_another_currency_change_nothing_but_units() -> None:
    """m is a density in money: in cents the likelihood is that in euros / 100 per customer."""
    rng = np.random.default_rng(3)
    euros = pd.DataFrame({"frequency": rng.integers(1, 6, 300), "monetary_mean": rng.gamma(4, 10, 300)})
    twice = pd.concat([euros, euros], ignore_index=True)

    model, counted, whole = fit_gamma_gamma(euros), fit_gamma_gamma(euros.assign(n=2)), fit_gamma_gamma(twice)
    cents = fit_gamma_gamma(euros.assign(monetary_mean=euros["monetary_mean"] * 100))

    assert model.fallback is None
    assert [*counted.params.values()] == pytest.approx([*whole.params.values()], rel=1e-6)
    assert counted.log_likelihood == pytest.approx(whole.log_likelihood, abs=1e-6)
    assert cents.params["gamma"] == pytest.approx(model.params["gamma"] * 100, rel=1e-6)
    assert cents.log_likelihood == pytest.approx(model.log_likelihood - 300 * np.log(100), abs=1e-6)
    # The errors of twice as many customers are smaller by the root of two.
    for name in model.NAMES:
        assert counted.standard_errors[name] * np.sqrt(2) == pytest.approx(model.standard_errors[name], rel=1e-5)


def test_margin_is_discounted_to_the_end_of_each_month() -> None:
    """21 % a year is 10 % in six months and 21 % in twelve. One order by month 6 and one more by month 12, of 100 at a
    margin of 40 %: 40 / 1.1 + 40 / 1.21 = 69.4215. Without discount 80."""
    orders = np.array([[0.0] * 5 + [1.0] * 6 + [2.0], [0.0] * 12])

    found = clv(orders, [100.0, 100.0], margin_rate=0.4, yearly_discount_rate=0.21)

    assert found == pytest.approx([69.42149, 0])
    assert clv(orders, [100.0, 50.0], margin_rate=0.4, yearly_discount_rate=0)[0] == pytest.approx(80)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"expected_orders": [1.0, 2.0]}, r"expected_orders has shape \(2,\) and order_value \(1,\)"),
        ({"order_value": [1.0, 2.0]}, r"expected_orders has shape \(1, 2\) and order_value \(2,\)"),
        ({"margin_rate": 40}, "margin_rate is 40; it is margin / value, between 0 and 1"),
        ({"yearly_discount_rate": -0.1}, "yearly_discount_rate is -0.1"),
        ({"expected_orders": [[2.0, 1.0]]}, "expected_orders falls in row 0, month 2"),
    ],
)
def test_margin_refuses_what_cannot_be(changed: dict[str, object], message: str) -> None:
    given: dict[str, object] = {
        "expected_orders": [[1.0, 2.0]],
        "order_value": [50.0],
        "margin_rate": 0.4,
        "yearly_discount_rate": 0.1,
    }
    with pytest.raises(ValueError, match=message):
        clv(**(given | changed))  # type: ignore[arg-type]
