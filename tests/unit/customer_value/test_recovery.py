"""Customers made by each model and nothing else: their parameters are found again, and as surely as the errors say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from dagster_project.customer_value import fit_bgnbd, fit_gamma_gamma, fit_mbgnbd, fit_paretonbd
from dagster_project.customer_value.model import Model

CUSTOMERS, SEEDS = 10_000, 200
TRUE = {
    "BG/NBD": (0.8, 6.0, 0.8, 2.5),
    "MBG/NBD": (0.8, 6.0, 0.8, 2.5),
    "Pareto/NBD": (0.8, 6.0, 0.9, 8.0),
    "Gamma-Gamma": (6.0, 4.0, 15.0),
}


def beta_geometric(rng: np.random.Generator, may_stop_at_once: bool, *params: float) -> pd.DataFrame:
    """Order by order, until the customer stops or time is up."""
    r, alpha, a, b = params
    age = rng.uniform(26, 78, CUSTOMERS)
    rate, stopping = rng.gamma(r, 1 / alpha, CUSTOMERS), rng.beta(a, b, CUSTOMERS)
    frequency, recency = np.zeros(CUSTOMERS), np.zeros(CUSTOMERS)
    buying = np.arange(CUSTOMERS)
    if may_stop_at_once:
        buying = buying[rng.random(CUSTOMERS) >= stopping]
    while len(buying):
        following = recency[buying] + rng.exponential(1 / rate[buying])
        in_time = following <= age[buying]
        buying, following = buying[in_time], following[in_time]
        frequency[buying] += 1
        recency[buying] = following
        buying = buying[rng.random(len(buying)) >= stopping[buying]]
    return pd.DataFrame({"frequency": frequency, "recency": recency, "T": age})


def pareto(rng: np.random.Generator, *params: float) -> pd.DataFrame:
    """Orders are uniform over the time a customer stays; the last is their maximum."""
    r, alpha, s, beta = params
    age = rng.uniform(26, 78, CUSTOMERS)
    staying = np.minimum(rng.exponential(1 / rng.gamma(s, 1 / beta, CUSTOMERS)), age)
    frequency = rng.poisson(rng.gamma(r, 1 / alpha, CUSTOMERS) * staying)
    last = staying * rng.random(CUSTOMERS) ** (1 / np.maximum(frequency, 1))
    return pd.DataFrame({"frequency": frequency, "recency": np.where(frequency > 0, last, 0), "T": age})


def spends(rng: np.random.Generator, *params: float) -> pd.DataFrame:
    p, q, gamma = params
    frequency = rng.poisson(1.5, CUSTOMERS)
    orders = np.maximum(frequency, 1)
    mean = rng.gamma(p * orders) / (rng.gamma(q, 1 / gamma, CUSTOMERS) * orders)
    return pd.DataFrame({"frequency": frequency, "monetary_mean": np.where(frequency > 0, mean, np.nan)})


STUDIES: dict[str, tuple[Callable[..., pd.DataFrame], Callable[[pd.DataFrame], Model]]] = {
    "BG/NBD": (lambda rng, *params: beta_geometric(rng, False, *params), fit_bgnbd),
    "MBG/NBD": (lambda rng, *params: beta_geometric(rng, True, *params), fit_mbgnbd),
    "Pareto/NBD": (pareto, fit_paretonbd),
    "Gamma-Gamma": (spends, fit_gamma_gamma),
}


@pytest.mark.parametrize("study", STUDIES)
def test_a_made_population_gives_its_parameters_back(study: str) -> None:
    make, fit = STUDIES[study]
    model = fit(make(np.random.default_rng(11), *TRUE[study]))

    assert model.fallback is None
    for (name, value), true in zip(model.params.items(), TRUE[study], strict=True):
        assert abs(np.log(value / true)) < 3.5 * model.standard_errors[name] / value


@pytest.mark.slow
@pytest.mark.parametrize("study", STUDIES)
def test_parameters_are_within_two_standard_errors_as_often_as_they_should(study: str) -> None:
    """200 populations: 95 % are expected within two; the empirical deviation itself is known to 5 %."""
    make, fit = STUDIES[study]
    logs, errors = [], []
    for seed in range(SEEDS):
        model = fit(make(np.random.default_rng([7, seed]), *TRUE[study]))
        assert model.fallback is None
        values = np.array([*model.params.values()])
        logs.append(np.log(values))
        errors.append(np.array([*model.standard_errors.values()]) / values)

    away = np.abs(np.array(logs) - np.log(TRUE[study])) / np.array(errors)
    within = (away < 2).mean(axis=0)
    ratio = np.mean(errors, axis=0) / np.std(logs, axis=0, ddof=1)
    print(f"{study}: within two standard errors {within}, mean standard error / deviation {ratio.round(3)}")  # noqa: T201
    assert ((within >= 0.9) & (within <= 0.995)).all()
    assert (np.abs(ratio - 1) < 0.1).all()
