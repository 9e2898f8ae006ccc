"""The landmark comparison against a population whose effect and whose confounding are planted."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from dagster_project.effects import landmark_effects

JANUARY = dt.date(2026, 1, 1)
SEEDS = 200


def _strata(customers: pd.DataFrame) -> pa.Table:
    """Of customers with stratum, is_omnichannel and value."""
    grouped = customers.assign(squared=customers["value"] ** 2).groupby(["stratum", "is_omnichannel"])
    sums = grouped.agg(customers=("value", "size"), total=("value", "sum"), total_squared=("squared", "sum"))
    return pa.Table.from_pandas(
        sums.reset_index().assign(period="year", period_start=JANUARY, measure="net_revenue"), preserve_index=False
    )


def _effects(customers: pd.DataFrame) -> dict[str, float]:
    (row,) = landmark_effects(_strata(customers)).to_pylist()
    return row


def test_worked_by_hand() -> None:
    # One order before: omnichannel 10, others 4 and 6: difference 10 - 5 = 5. Two orders: omnichannel 30 and 50,
    # other 20: 40 - 20 = 20. Over the three omnichannel customers (5 + 20 + 20) / 3 = 15. The last has nobody beside.
    customers = pd.DataFrame(
        [
            *(("1", True, 10), ("1", False, 4), ("1", False, 6)),
            *(("2", True, 30), ("2", True, 50), ("2", False, 20), ("3", True, 99)),
        ],
        columns=["stratum", "is_omnichannel", "value"],
    )
    found = _effects(customers)
    assert found["adjusted"] == pytest.approx(15)
    assert (found["matched_customers"], found["matched_others"]) == (3, 3)
    # All: (10 + 30 + 50 + 99) / 4 = 47.25 less (4 + 6 + 20) / 3 = 10.
    assert found["raw"] == pytest.approx(37.25)


def test_nobody_to_compare_with_is_not_measurable() -> None:
    found = _effects(
        pd.DataFrame([("1", True, 10.0), ("2", False, 5.0)], columns=["stratum", "is_omnichannel", "value"])
    )
    assert found["adjusted"] is None
    assert found["matched_customers"] == 0
    alone = _effects(pd.DataFrame([("1", True, 10.0)], columns=["stratum", "is_omnichannel", "value"]))
    assert alone["raw"] is None
    assert alone["adjusted"] is None


def _population(rng: np.random.Generator, effect: float, size: int) -> pd.DataFrame:
    """Customers whose zeal drives orders before, how many channels they meet, and what they spend after."""
    zeal = rng.gamma(1.2, 1.0, size)
    before = 1 + rng.poisson(zeal)
    is_omnichannel = rng.random(size) < 1 - 0.75 ** (before - 1)
    # The same zeal buys on; the effect is on top, on everybody who is omnichannel.
    after = rng.poisson(zeal * 2)
    value = rng.gamma(np.maximum(after, 1e-9) * 2.0, 20.0) + effect * is_omnichannel
    return pd.DataFrame(
        {"stratum": np.minimum(before, 8).astype(str), "is_omnichannel": is_omnichannel, "value": value}
    )


@pytest.mark.slow
@pytest.mark.parametrize(("effect", "size"), [(0.0, 2_000), (15.0, 2_000), (15.0, 150)])
def test_the_adjusted_interval_covers_the_planted_effect_and_the_raw_one_does_not(effect: float, size: int) -> None:
    rng = np.random.default_rng(20261121)
    adjusted = raw = 0
    for _ in range(SEEDS):
        found = _effects(_population(rng, effect, size))
        adjusted += found["adjusted_low"] <= effect <= found["adjusted_high"]
        raw += found["raw_low"] <= effect <= found["raw_high"]
    assert 0.90 <= adjusted / SEEDS <= 0.99
    # Buying in more kinds of channel goes with zeal: the plain gap is no effect.
    assert raw / SEEDS < (0.1 if size > 1_000 else 0.9)
