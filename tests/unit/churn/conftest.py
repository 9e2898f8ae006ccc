"""Customers whose churn is known to depend on days since the last order and on requests to customer service alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from dagster_project.churn import FEATURES

Customers = Callable[..., pd.DataFrame]


@pytest.fixture
def customers() -> Customers:
    """Customers of the cuts train, validate and now, with the true probability in a column that no model is shown."""

    def make(number: int, seed: int = 1, *, service_at: tuple[float, float, float] = (1.5, 1.5, 1.5)) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        cuts = []
        for cut, by_service in zip(("train", "validate", "now"), service_at, strict=True):
            frame = pd.DataFrame({feature: rng.normal(size=number) for feature in FEATURES})
            frame["days_since_order"] = rng.integers(0, 365, number)
            frame["tickets"] = rng.binomial(3, 0.3, number)
            frame["usual_gap_days"] = np.where(rng.random(number) < 0.4, np.nan, rng.gamma(3, 20, number))
            log_odds = -3 + frame["days_since_order"] / 70 + by_service * (frame["tickets"] - 0.9)
            frame["truth"] = 1 / (1 + np.exp(-log_odds))
            frame["has_churned"] = pd.array(rng.random(number) < frame["truth"], dtype="boolean")
            frame["frequency"] = rng.integers(0, 5, number)
            frame["recency_days"] = 10 * frame["frequency"]
            frame["age_days"] = 10 * frame["frequency"] + frame["days_since_order"]
            cuts.append(frame.assign(cut=cut, customer_id=[f"c{place:06d}" for place in range(number)]))
        found = pd.concat(cuts, ignore_index=True)
        found.loc[found["cut"] == "now", "has_churned"] = pd.NA
        return found

    return make
