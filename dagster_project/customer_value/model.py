"""What every model carries (parameters, how sure they are, whether the likelihood had a maximum), and what models of
orders do with a frame of customers."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from dagster_project.customer_value.histories import Distinct, Floats, Histories, dot
from dagster_project.customer_value.likelihood import LogLikelihood, maximise

_ROUGH = 2_500  # distinct histories enough for a first search


@dataclass(frozen=True)
class Model:
    """A model of given parameters (by the names in `NAMES`), or as its `fit` found them.

    `standard_errors` by name, NaN where unknown. `log_likelihood` is that of the customers fitted, in their units.
    `fallback` is None where the parameters are those of maximum likelihood; else it says why there are none, and the
    parameters are what `likelihood.maximise` falls back on. Raises ValueError for a parameter that is not above 0.
    """

    NAMES: ClassVar[tuple[str, ...]]
    STARTS: ClassVar[tuple[tuple[float, ...], ...]]  # of the search, for data scaled to 1; the first is also the prior

    params: Mapping[str, float]
    standard_errors: Mapping[str, float] = field(default_factory=dict)
    log_likelihood: float = np.nan
    fallback: str | None = None

    def __post_init__(self) -> None:
        name = type(self).__name__
        if set(self.params) != set(self.NAMES):
            raise ValueError(f"{name}: the parameters are {', '.join(self.NAMES)}, not {', '.join(self.params)}")
        for parameter, value in self.params.items():
            if not (np.isfinite(value) and value > 0):
                raise ValueError(f"{name}: parameter '{parameter}' is {value}, not a number above 0")
        ordered = {each: float(self.params[each]) for each in self.NAMES}
        errors = {each: float(self.standard_errors.get(each, np.nan)) for each in self.NAMES}
        object.__setattr__(self, "params", MappingProxyType(ordered))
        object.__setattr__(self, "standard_errors", MappingProxyType(errors))


@dataclass(frozen=True)
class OrderModel(Model):
    """When customers order, and when they stop: what the three models of it share."""

    TIMES: ClassVar[tuple[str, ...]]  # the parameters that are times

    @classmethod
    def fit(cls, customers: pd.DataFrame) -> Self:
        """By maximum likelihood; `customers` has frequency, recency, T and perhaps n, as `fit_bgnbd` says."""
        histories = Histories.of(customers)
        scale = dot(histories.n, histories.T) / histories.n.sum() or 1.0
        scaled = replace(histories, t_x=histories.t_x / scale, T=histories.T / scale)
        likelihood = cls._log_likelihood(scaled)
        rough = cls._log_likelihood(scaled.every(len(scaled.x) // _ROUGH)) if len(scaled.x) >= 2 * _ROUGH else None
        found = maximise(likelihood, cls.NAMES, np.array(cls.STARTS), rough)
        units = np.array([scale if name in cls.TIMES else 1.0 for name in cls.NAMES])
        # Each order is a density in time.
        log_likelihood = likelihood(found.values)[0] - dot(histories.n, histories.x) * np.log(scale)
        return cls(
            dict(zip(cls.NAMES, found.values * units, strict=True)),
            dict(zip(cls.NAMES, found.errors * units, strict=True)),
            float(log_likelihood),
            found.fallback,
        )

    def p_alive(self, customers: pd.DataFrame) -> Floats:
        """The probability, in the order of the rows, that each customer has not stopped buying by T."""
        histories = Histories.of(customers)
        return self._p_alive(histories)[histories.code]

    def expected_orders(self, customers: pd.DataFrame, t: float | Sequence[float] | Floats) -> Floats:
        """The orders to expect from each customer within `t` after T, a time in the unit of recency and T.

        One value per row; for several times one row per customer, one column per time. Raises ValueError where t is
        negative.
        """
        times = np.atleast_1d(np.asarray(t, dtype=np.float64))
        if not (np.isfinite(times) & (times >= 0)).all():
            raise ValueError(f"expected_orders: t is {t}; give times of 0 or more after T")
        histories = Histories.of(customers)
        alive = self._p_alive(histories)
        ages = Distinct.of(histories.x, histories.T)
        x, age = ages.columns
        expected = np.empty((len(histories.code), len(times)))
        for place, time in enumerate(times):
            expected[:, place] = (alive * self._orders_if_alive(x, age, time)[ages.code])[histories.code]
        return expected if np.ndim(t) else expected[:, 0]

    @staticmethod
    @abstractmethod
    def _log_likelihood(histories: Histories) -> LogLikelihood:
        """The log-likelihood of these histories and its gradient, as a function of the parameters."""

    @abstractmethod
    def _p_alive(self, histories: Histories) -> Floats:
        """Per history, the probability to be alive at T."""

    @abstractmethod
    def _orders_if_alive(self, x: Floats, T: Floats, t: float) -> Floats:  # noqa: N803
        """Expected orders within t after T of customers alive at T; x, T are parallel, t one time."""
