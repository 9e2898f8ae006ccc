"""Gamma-Gamma: what an order of a customer is worth, from the mean of those seen.

A customer's orders are worth Gamma(p, nu) each, with nu ~ Gamma(q, gamma) over customers; x orders of mean m have
likelihood

    Gamma(px+q) / (Gamma(px) Gamma(q))  *  gamma^q m^(px-1) x^px / (gamma + m x)^(px+q).

Source: Fader, Hardie (2013), The Gamma-Gamma Model of Monetary Value, brucehardie.com/notes/025: likelihood eq. 1a,
conditional expectation eq. 5; after Fader, Hardie, Lee (2005), RFM and CLV, J. Marketing Research 42 (pp. 415-430).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy.special import gammaln, psi

from dagster_project.customer_value.histories import Distinct, Floats, counts, dot, numbers, refuse
from dagster_project.customer_value.likelihood import LogLikelihood, maximise
from dagster_project.customer_value.model import Model


@dataclass(frozen=True)
class GammaGamma(Model):
    """The Gamma-Gamma: parameters p, q (above 1, or the mean of all customers were infinite), gamma (money; also v)."""

    NAMES = ("p", "q", "gamma")
    STARTS = ((4.0, 4.0, 0.75), (1.0, 3.0, 2.0), (10.0, 10.0, 1.0), (2.0, 1.5, 0.3))

    @classmethod
    def fit(cls, customers: pd.DataFrame) -> Self:
        """By maximum likelihood from those with a frequency above 0, as `fit_gamma_gamma` says."""
        x, m = _orders(customers)
        n = counts(customers) * (x > 0)
        if not n.any():
            raise ValueError("customers: column 'frequency' is 0 in every row; order values need some above 0")
        x, m, n = x[x > 0], m[x > 0], n[x > 0]
        scale = dot(n * x, m) / dot(n, x)
        likelihood = log_likelihood(x, m / scale, n)
        # The mean of all customers is finite for q > 1 only, so the search is for q - 1.
        beyond = np.array([0.0, 1.0, 0.0])
        found = maximise(
            lambda values: likelihood(values + beyond), ("p", "q - 1", "gamma"), np.array(cls.STARTS) - beyond
        )
        units = np.array([1.0, 1.0, scale])
        # Each mean is a density in money.
        value = likelihood(found.values + beyond)[0] - n.sum() * np.log(scale)
        return cls(
            dict(zip(cls.NAMES, (found.values + beyond) * units, strict=True)),
            dict(zip(cls.NAMES, found.errors * units, strict=True)),
            float(value),
            found.fallback,
        )

    @property
    def mean(self) -> float:
        """The mean value of an order over all customers, gamma p/(q-1)."""
        p, q, gamma = self.params.values()
        return gamma * p / (q - 1)

    def expected_order_value(self, customers: pd.DataFrame) -> Floats:
        """What to expect of an order of each customer, in the order of the rows: p (gamma + m x)/(p x + q - 1), which
        at frequency 0 is the prior mean `mean`, whatever monetary_mean holds there."""
        x, m = _orders(customers)
        p, q, gamma = self.params.values()
        return np.asarray(p * (gamma + m * x) / (p * x + q - 1))


def _orders(customers: pd.DataFrame) -> tuple[Floats, Floats]:
    """frequency and monetary_mean, which counts only where there are orders (0 elsewhere)."""
    x = numbers(customers, "frequency")
    m = numbers(customers, "monetary_mean", among=x > 0)
    refuse(customers, "monetary_mean", (x > 0) & (m == 0), "is not above 0", "leave free orders out of both columns")
    return x, m


def log_likelihood(x: Floats, m: Floats, n: Floats) -> LogLikelihood:
    """The log-likelihood of n customers each with x orders of mean m, and its gradient by (p, q, gamma)."""
    xs = Distinct.of(x)
    (each_x,), n_x = xs.columns, xs.sums(n)
    paid, number = m * x, n.sum()
    n_px = n_x * each_x
    logs = dot(n * x, np.log(m)) + dot(n_px, np.log(each_x))
    constant = -dot(n, np.log(m))

    def value_and_gradient(values: Floats) -> tuple[float, Floats]:
        p, q, gamma = values
        px = p * each_x
        log_paid = np.log(gamma + paid)
        of_orders, of_customers = dot(n * x, log_paid), dot(n, log_paid)
        value = (
            dot(n_x, gammaln(px + q) - gammaln(px))
            + number * (q * np.log(gamma) - gammaln(q))
            + p * (logs - of_orders)
            - q * of_customers
            + constant
        )
        digamma = psi(px + q)
        by_p = dot(n_px, digamma - psi(px)) + logs - of_orders
        by_q = dot(n_x, digamma) + number * (np.log(gamma) - psi(q)) - of_customers
        by_gamma = number * q / gamma - dot(n * (p * x + q), 1 / (gamma + paid))
        return float(value), np.array([by_p, by_q, by_gamma])

    return value_and_gradient
