"""BG/NBD and MBG/NBD: customers order at random times, and may stop after each order.

Orders come by a Poisson process of rate lambda ~ Gamma(r, alpha); after an order, the customer stops with probability
p ~ Beta(a, b). In the BG/NBD nobody stops after the first purchase; in the modified model (MBG/NBD) they may, so that
those who never came back need not be alive. With k = 0 (BG/NBD) or 1 (MBG/NBD), a history (x, t_x, T) has likelihood

    Gamma(r+x) alpha^r / Gamma(r)  *  B(a, b+x+k) / B(a, b)  *  (alpha+T)^-(r+x)  *  (1 + odds),
    odds of having stopped = a/(b+x+k-1) * ((alpha+T)/(alpha+t_x))^(r+x), 0 for x = 0 in the BG/NBD.

Sources: Fader, Hardie, Lee (2005), "Counting Your Customers" the Easy Way, Marketing Science 24(2): likelihood eq. 6
(p. 278), conditional expectation eq. 10 (p. 279); Fader, Hardie (2008), Computing P(alive) Using the BG/NBD Model,
brucehardie.com/notes/021. Modified: Batislam, Denizel, Filiztekin (2007), Empirical Validation and Comparison of Models
for Customer Base Analysis, Int. J. Research in Marketing 24(3), P(alive) appendix A eq. 5 (pp. 201-209); Wagner, Hoppe
(2008), Erratum on the MBG/NBD Model, ibid. 25(3), pp. 225-226, which corrects its expectations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit, gammaln, hyp2f1, psi

from dagster_project.customer_value.histories import Distinct, Floats, Histories, dot
from dagster_project.customer_value.likelihood import LogLikelihood
from dagster_project.customer_value.model import OrderModel

_POLE = 1e-5  # closer than this to a removable singularity, the mean of both sides stands


@dataclass(frozen=True)
class BetaGeometric(OrderModel):
    """What BG/NBD and MBG/NBD share; `MODIFIED` is k."""

    NAMES = ("r", "alpha", "a", "b")
    TIMES = ("alpha",)
    STARTS = (
        (0.5, 0.5, 1.0, 2.0),
        (0.2, 0.1, 0.5, 1.0),
        (2.0, 0.5, 0.5, 4.0),
        (1.0, 0.2, 0.2, 0.5),
        (0.5, 2.0, 1.0, 10.0),
    )
    MODIFIED: ClassVar[int]

    @classmethod
    def _log_likelihood(cls, histories: Histories) -> LogLikelihood:
        return log_likelihood(histories, cls.MODIFIED)

    def _p_alive(self, histories: Histories) -> Floats:
        r, alpha, a, b = self.params.values()
        x, k = histories.x, self.MODIFIED
        log_odds = _log_factor(x, a, b, k) + (r + x) * np.log((alpha + histories.T) / (alpha + histories.t_x))
        return np.asarray(expit(-log_odds))

    def _orders_if_alive(self, x: Floats, T: Floats, t: float) -> Floats:  # noqa: N803
        """(c/(a-1)) (1 - (1-z)^(r+x) 2F1(r+x, b+x+k; c; z)), c = a+b+x+k-1, z = t/(alpha+T+t).

        After Euler's transformation, 2F1(c-r-x, a-1; c; z) (1-z)^(a-1): nothing overflows, however large x is.
        """
        r, alpha, a, b = self.params.values()
        if min(abs(a - 1), abs(a + b + self.MODIFIED - 1)) < _POLE:
            sides = [type(self)({**self.params, "a": a + away}) for away in (-2 * _POLE, 2 * _POLE)]
            return np.asarray(np.mean([side._orders_if_alive(x, T, t) for side in sides], axis=0))
        z = t / (alpha + T + t)
        c = a + b + x + self.MODIFIED - 1
        silent = (1 - z) ** (a - 1) * hyp2f1(c - r - x, a - 1, c, z)
        return np.asarray(c / (a - 1) * (1 - silent))


@dataclass(frozen=True)
class BgNbd(BetaGeometric):
    """The BG/NBD: parameters r, alpha (a time), a, b."""

    MODIFIED = 0


@dataclass(frozen=True)
class MbgNbd(BetaGeometric):
    """The MBG/NBD: parameters r, alpha (a time), a, b."""

    MODIFIED = 1


def _log_factor(x: Floats, a: float, b: float, k: int) -> Floats:
    """log(a/(b+x+k-1)): of the odds of having stopped, what does not depend on times; -inf where nobody can stop."""
    return np.where(x + k > 0, np.log(a / _after(x, b, k)), -np.inf)


def _after(x: Floats, b: float, k: int) -> Floats:
    """b+x+k-1, kept above 0 where nobody can stop."""
    return np.asarray(b + np.maximum(x + k, 1) - 1)


def log_likelihood(histories: Histories, k: int) -> LogLikelihood:
    """The log-likelihood of the histories and its gradient, as a function of (r, alpha, a, b)."""
    # Logarithms and gamma functions are taken once per distinct x, t_x and T.
    xs, t_xs, ages = (Distinct.of(values) for values in (histories.x, histories.t_x, histories.T))
    (x,), (t_x,), (T,) = xs.columns, t_xs.columns, ages.columns  # noqa: N806
    n, n_x = histories.n, xs.sums(histories.n)
    n_T = ages.sums(n)  # noqa: N806
    orders_T = ages.sums(n * histories.x)  # noqa: N806
    number, may_stop = n.sum(), x + k > 0

    def value_and_gradient(values: Floats) -> tuple[float, Floats]:
        r, alpha, a, b = values
        log_t, log_T = np.log(alpha + t_x), np.log(alpha + T)  # noqa: N806
        silence = log_T[ages.code] - log_t[t_xs.code]
        log_odds = _log_factor(x, a, b, k)[xs.code] + (r + histories.x) * silence
        log_one_plus_odds = np.maximum(log_odds, 0) + np.log1p(np.exp(-np.abs(log_odds)))
        stopped = n * np.exp(log_odds - log_one_plus_odds)
        value = (
            dot(n_x, gammaln(r + x) + gammaln(b + x + k) - gammaln(a + b + x + k))
            + number * (r * np.log(alpha) - gammaln(r) + gammaln(a + b) - gammaln(b))
            - dot(r * n_T + orders_T, log_T)
            + dot(n, log_one_plus_odds)
        )
        by_r = dot(n_x, psi(r + x)) + number * (np.log(alpha) - psi(r)) - dot(n_T, log_T) + dot(stopped, silence)
        by_alpha = (
            number * r / alpha
            - dot(r * n_T + orders_T, 1 / (alpha + T))
            + dot(stopped * (r + histories.x), (1 / (alpha + T))[ages.code] - (1 / (alpha + t_x))[t_xs.code])
        )
        by_both = number * psi(a + b) - dot(n_x, psi(a + b + x + k))
        by_a = by_both + stopped.sum() / a
        by_b = (
            by_both + dot(n_x, psi(b + x + k)) - number * psi(b) - dot(stopped, (may_stop / _after(x, b, k))[xs.code])
        )
        return float(value), np.array([by_r, by_alpha, by_a, by_b])

    return value_and_gradient
