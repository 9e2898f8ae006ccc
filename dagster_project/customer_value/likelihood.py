"""Maximum likelihood of positive parameters, with standard errors, and what is served where there is no maximum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from scipy.optimize import minimize

from dagster_project.customer_value.histories import Floats

# The log-likelihood of some customers at given parameters, and its gradient by them.
LogLikelihood = Callable[[Floats], tuple[float, Floats]]

_BOUND = np.log(1e5)  # of log parameters of scaled data; a likelihood that still rises there has no maximum
_STEP = 1e-4  # central differences of exact gradients: the Hessian's error is of the order of its square
_STEPS, _SETTLED = 30, 1e-9  # Newton's, and the size of the last
_NEAR = 1e-3  # distance to the maximum, in standard errors, that counts as arrived
_VAGUE = 10.0  # standard error of a log parameter, in any direction, above which the data do not tell it
_PRIOR_DEVIATION = 2.0  # of log parameters, in the fallback
_TRIED = 2  # starts to climb from, the most likely ones


@dataclass(frozen=True)
class Maximum:
    """`values` and their `errors` in the order of the starts. `fallback` is None at a maximum of the likelihood; else
    it says why there is none, `values` are the penalised ones and `errors` are NaN."""

    values: Floats
    errors: Floats
    fallback: str | None


def maximise(
    log_likelihood: LogLikelihood, names: Sequence[str], starts: Floats, rough: LogLikelihood | None = None
) -> Maximum:
    """The parameters that make the data most likely, searched in logarithms from the two most likely of `starts`.

    `starts`: one row of parameters each, for data scaled so that parameters lie within 1e-5 and 1e5. Standard errors
    are those of the observed information (the Hessian in logarithms), by the delta method. `rough`: the log-likelihood
    of a sample, scaled up to all; its maximum is looked for first and spares most evaluations of the other.

    Where no search ends at a maximum with positive definite information (too few repeat purchases, or customers as
    alike as the model allows), the fallback is the posterior mode under independent normal priors on the log
    parameters, with the first start as mean and deviation 2: weak against a hundred informative customers, and always
    there. It has no standard errors.
    """
    loss = _loss(log_likelihood)
    if rough is not None and (sketch := _search(_loss(rough), starts)).failure(names) is None:
        top = _Top.near(loss, sketch)
        if top.failure(names) is None:
            return top.maximum()
    top = _search(loss, starts)
    if (reason := top.failure(names)) is None:
        return top.maximum()
    centre = np.log(starts[0])

    def penalised(logs: Floats) -> tuple[float, Floats]:
        value, gradient = loss(logs)
        away = (logs - centre) / _PRIOR_DEVIATION
        return value + float(away @ away) / 2, gradient + away / _PRIOR_DEVIATION

    values = np.exp(_climb(penalised, centre))
    return Maximum(values, np.full(len(values), np.nan), reason)


def _loss(log_likelihood: LogLikelihood) -> LogLikelihood:
    """The negative log-likelihood and its gradient as a function of log parameters."""

    def loss(logs: Floats) -> tuple[float, Floats]:
        values = np.exp(logs)
        value, gradient = log_likelihood(values)
        return -value, -gradient * values

    return loss


def _search(loss: LogLikelihood, starts: Floats) -> _Top:
    """The best end of the climbs from the most likely starts."""
    ranked = sorted(np.log(starts), key=lambda logs: loss(logs)[0])
    ends = [_climb(loss, logs) for logs in ranked[:_TRIED]]
    best = min(ends, key=lambda logs: loss(logs)[0])
    return _Top.near(loss, _Top.at(loss, best))


def _climb(loss: LogLikelihood, start: Floats) -> Floats:
    """Log parameters after quasi-Newton steps. BFGS keeps to numpy's small matrices: L-BFGS-B, which knows bounds, asks
    LAPACK, whose threads took most of the time of a fit on a busy machine."""
    size = abs(loss(start)[0]) or 1.0

    def bounded(logs: Floats) -> tuple[float, Floats]:
        inside = np.clip(logs, -_BOUND, _BOUND)
        value, gradient = loss(inside)
        return value / size, np.where(inside == logs, gradient, 0.0) / size

    found = minimize(bounded, start, jac=True, method="BFGS", options={"gtol": 1e-7, "maxiter": 200})
    return np.asarray(np.clip(found.x, -_BOUND, _BOUND))


@dataclass(frozen=True)
class _Top:
    """Where the loss seems least: log parameters, and there its gradient and Hessian."""

    logs: Floats
    gradient: Floats
    hessian: Floats

    @classmethod
    def at(cls, loss: LogLikelihood, logs: Floats) -> Self:
        steps = np.eye(len(logs)) * _STEP
        hessian = np.stack([loss(logs + step)[1] - loss(logs - step)[1] for step in steps]) / (2 * _STEP)
        return cls(logs, loss(logs)[1], (hessian + hessian.T) / 2)

    @classmethod
    def near(cls, loss: LogLikelihood, guess: Self) -> Self:
        """By Newton's steps, all with the Hessian of the guess, as long as they shrink."""
        logs, last = guess.logs, np.inf
        for _ in range(_STEPS):
            step = np.linalg.lstsq(guess.hessian, loss(logs)[1])[0]
            size = np.abs(step).max()
            if not size < last:
                break
            logs, last = np.clip(logs - step, -_BOUND, _BOUND), size
            if size < _SETTLED:
                break
        return cls.at(loss, logs)

    def failure(self, names: Sequence[str]) -> str | None:
        """Why this is no maximum of the likelihood; None if it is one."""
        far = np.abs(self.logs) > _BOUND - _STEP
        if far.any():
            where = int(np.argmax(far))
            return f"the likelihood rises while {names[where]} goes to {'infinity' if self.logs[where] > 0 else '0'}"
        here = ", ".join(f"{name} {value:.4g}" for name, value in zip(names, np.exp(self.logs), strict=True))
        if np.linalg.eigvalsh(self.hessian)[0] < _VAGUE**-2:
            return f"the likelihood is flat around {here} (of data scaled to a mean of 1)"
        if self.gradient @ np.linalg.solve(self.hessian, self.gradient) > _NEAR**2:
            return f"the search stopped before a maximum, at {here} (of data scaled to a mean of 1)"
        return None

    def maximum(self) -> Maximum:
        values = np.exp(self.logs)
        return Maximum(values, values * np.sqrt(np.diag(np.linalg.inv(self.hessian))), None)
