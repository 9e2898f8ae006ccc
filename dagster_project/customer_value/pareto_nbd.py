"""Pareto/NBD: customers order at random times until they stop, at any moment.

Orders come by a Poisson process of rate lambda ~ Gamma(r, alpha); the customer stops at a rate mu ~ Gamma(s, beta).
A history (x, t_x, T) has likelihood Gamma(r+x)/Gamma(r) alpha^r beta^s (alive + S(t_x) - S(T)), where

    alive = (alpha+T)^-(r+x) (beta+T)^-s
    S(t)  = s * integral from t to infinity of (alpha+u)^-(r+x) (beta+u)^-(s+1) du,

so S(t_x) - S(T) is the papers' s/(r+s+x) A_0. As S(T) <= alive, the difference cancels no digits. Euler's
transformation makes of the papers' 2F1 one whose terms are positive and fall; with k = r+s+x:

    S(t) = s/k (alpha+t)^-(r+x) (beta+t)^-s         2F1(r+x, 1; k+1; (alpha-beta)/(alpha+t))   if alpha >= beta
    S(t) = s/k (alpha+t)^-(r+x-1) (beta+t)^-(s+1)   2F1(s+1, 1; k+1; (beta-alpha)/(beta+t))    otherwise

Sources: Schmittlein, Morrison, Colombo (1987), Counting Your Customers, Management Science 33(1); Fader, Hardie (2005),
A Note on Deriving the Pareto/NBD Model and Related Expressions, brucehardie.com/notes/009: likelihood eq. 18 to 20,
P(alive) eq. 36 and 37, conditional expectation eq. 41.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.special import exprel, gammaln, psi

from dagster_project.customer_value.histories import Distinct, Floats, Histories, Ints, dot, sums
from dagster_project.customer_value.likelihood import LogLikelihood
from dagster_project.customer_value.model import OrderModel

_CHUNK = 4096
_SPARE, _DEEPEST = 6, 1000  # levels of a continued fraction


@dataclass(frozen=True)
class ParetoNbd(OrderModel):
    """The Pareto/NBD: parameters r, alpha (a time), s, beta (a time)."""

    NAMES = ("r", "alpha", "s", "beta")
    TIMES = ("alpha", "beta")
    STARTS = (
        (0.5, 0.5, 0.5, 0.5),
        (1.0, 0.3, 0.5, 1.0),
        (0.2, 0.1, 0.3, 0.1),
        (2.0, 0.5, 1.0, 2.0),
        (0.5, 2.0, 2.0, 2.0),
    )

    @staticmethod
    def _log_likelihood(histories: Histories) -> LogLikelihood:
        return log_likelihood(histories)

    def _p_alive(self, histories: Histories) -> Floats:
        spans = _Spans.of(histories)
        log_alive, log_dying, _, _ = _terms(np.array(list(self.params.values())), *spans.pairs.columns)
        alive, stopped = spans.shares(log_alive, log_dying)[:2]
        return np.asarray(alive / (alive + stopped))

    def _orders_if_alive(self, x: Floats, T: Floats, t: float) -> Floats:  # noqa: N803
        """(r+x)(beta+T)/(alpha+T) * (1 - ((beta+T)/(beta+T+t))^(s-1)) / (s-1), with its limit at s = 1."""
        r, alpha, s, beta = self.params.values()
        log_growth = np.log1p(t / (beta + T))
        return np.asarray((r + x) * (beta + T) / (alpha + T) * log_growth * exprel(-(s - 1) * log_growth))


@dataclass(frozen=True)
class _Spans:
    """The distinct pairs of x with a time, either t_x or T, and for every history the number of either."""

    pairs: Distinct
    last: Ints
    now: Ints

    @classmethod
    def of(cls, histories: Histories) -> Self:
        pairs = Distinct.of(np.tile(histories.x, 2), np.concatenate([histories.t_x, histories.T]))
        return cls(pairs, *np.split(pairs.code, 2))

    def shares(self, log_alive: Floats, log_dying: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Per history `alive`, S(t_x) - S(T), S(t_x) and S(T), all divided by exp(top), and top."""
        alive, dying, gone = log_alive[self.now], log_dying[self.last], log_dying[self.now]
        top = np.maximum(alive, dying)
        alive, dying, gone = np.exp(alive - top), np.exp(dying - top), np.exp(gone - top)
        return alive, dying - gone, dying, gone, top


def log_likelihood(histories: Histories) -> LogLikelihood:
    """The log-likelihood of the histories and its gradient, as a function of (r, alpha, s, beta)."""
    spans = _Spans.of(histories)
    xs = Distinct.of(histories.x)
    (x,), n_x = xs.columns, xs.sums(histories.n)
    n, size = histories.n, len(spans.pairs.columns[0])

    def value_and_gradient(values: Floats) -> tuple[float, Floats]:
        r, alpha, s, beta = values
        log_alive, log_dying, alive_by, dying_by = _terms(values, *spans.pairs.columns)
        alive, stopped, dying, gone, top = spans.shares(log_alive, log_dying)
        total = alive + stopped
        value = dot(n_x, gammaln(r + x)) + n.sum() * (r * np.log(alpha) + s * np.log(beta) - gammaln(r))
        value += dot(n, top + np.log(total))
        each = n / total
        now = sums(spans.now, each * alive, size)
        later = sums(spans.last, each * dying, size) - sums(spans.now, each * gone, size)
        gradient = n.sum() * np.array([np.log(alpha) - psi(r), r / alpha, np.log(beta), s / beta])
        gradient[0] += dot(n_x, psi(r + x))
        for place in range(4):
            gradient[place] += dot(alive_by[place], now) + dot(dying_by[place], later)
        return float(value), gradient

    return value_and_gradient


def _terms(values: Floats, x: Floats, t: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Per pair of x and t: log alive and log S at t, and their derivatives, one row per parameter."""
    r, alpha, s, beta = values
    a, b, k = alpha + t, beta + t, r + s + x
    log_a, log_b = np.log(a), np.log(b)
    log_alive = -(r + x) * log_a - s * log_b
    alive_by = np.stack([-log_a, -(r + x) / a, -log_b, -s / b])
    if alpha >= beta:
        log_f, by_q, by_k, by_z = _log_2f1(r + x, k, (alpha - beta) / a)
        log_dying = log_alive + np.log(s / k) + log_f
        extra = [by_q + by_k, by_z * b / a**2, by_k + 1 / s, -by_z / a]
    else:
        log_f, by_q, by_k, by_z = _log_2f1(np.full_like(x, s + 1), k, (beta - alpha) / b)
        log_dying = log_alive + np.log(s / k) + log_f + log_a - log_b
        extra = [by_k, 1 / a - by_z / b, by_q + by_k + 1 / s, by_z * a / b**2 - 1 / b]
    extra[0] = extra[0] - 1 / k
    extra[2] = extra[2] - 1 / k
    return log_alive, log_dying, alive_by, alive_by + np.stack(extra)


def _log_2f1(q: Floats, k: Floats, z: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """log 2F1(q, 1; k+1; z) for 0 <= z < 1 and 0 < q < k+1, and its derivatives by q, k and z.

    Gauss's continued fraction 1/(1 - u_1 z/(1 - u_2 z/(1 - ...))) (DLMF 15.7.5), from its tail to its head. All u lie
    between 0 and 1, and an error shrinks from level to level by (1 - root)/(1 + root), root = sqrt(1 - z). So 1e-8 is
    kept for all z up to 1 - 1e-4, and 1e-12 up to .999.
    """
    order = np.argsort(z, kind="stable")
    root = np.sqrt(1 - z[order])
    levels = _SPARE + np.minimum(16 / np.arctanh(np.minimum(root, 1 - 1e-9)), _DEEPEST).astype(int)
    # Entries of like depth go together, as many as stay in the processor's cache.
    deeper = np.searchsorted(levels, 2 ** np.arange(5, 10))
    edges = np.unique(np.concatenate([np.arange(0, len(z), _CHUNK), deeper]))
    found = np.empty((4, len(z)))
    for start, end in zip(edges, [*edges[1:], len(z)], strict=True):
        if start < end:
            chunk = order[start:end]
            found[:, chunk] = _continued_fraction(q[chunk], k[chunk], z[chunk], root[start:end], levels[end - 1])
    value = found[0]
    return np.log(value), found[1] / value, found[2] / value, found[3] / value


def _continued_fraction(q: Floats, k: Floats, z: Floats, root: Floats, levels: int) -> Floats:
    value = 2 / (1 + root)  # the fraction whose u are all 1/4, their limit
    by_q, by_k, by_z = np.zeros_like(z), np.zeros_like(z), np.zeros_like(z)
    for level in range(levels, 0, -1):
        m = level // 2
        d = k + level
        below = 1 / (d * (d - 1))
        if level % 2:
            u_by_q, u_by_k = (k + m) * below, (q + m) * below
            u = (q + m) * u_by_q
        else:
            u_by_q, u_by_k = -m * below, m * below
            u = (k - q + m) * u_by_k
        u_by_k = u_by_k - u * (2 * d - 1) * below
        tail, uz = value, u * z
        value = 1 / (1 - uz * tail)
        square = value * value
        by_z = square * u * (tail + z * by_z)
        square_z = square * z
        by_q = square_z * (u_by_q * tail + u * by_q)
        by_k = square_z * (u_by_k * tail + u * by_k)
    return np.stack([value, by_q, by_k, by_z])
