"""Metrics of churn. Oracles: scikit-learn's, and sums by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from dagster_project.churn.ranking import METRICS, Judged


@pytest.mark.parametrize("digits", [1, 8])
def test_weighted_auc_and_brier_are_those_of_scikit_learn(digits: int) -> None:
    rng = np.random.default_rng(3)
    claimed = rng.random(500).round(digits)  # one digit: many ties
    churned = rng.random(500) < claimed
    weights = rng.poisson(1.0, 500).astype(float)
    found = Judged(claimed, churned).metrics(weights)
    assert found["auc"] == pytest.approx(roc_auc_score(churned, claimed, sample_weight=weights), abs=1e-12)
    assert found["brier"] == pytest.approx(brier_score_loss(churned, claimed, sample_weight=weights), abs=1e-12)


def test_lift_and_calibration_of_twenty_customers_by_hand() -> None:
    # Two customers of each probability .05, .15, .. .95. The first two both churn, six others of the remaining 18 do:
    # 8 of 20. Lift: (2 / 2) / (8 / 20) = 2.5.
    claimed = np.repeat(np.arange(0.95, 0, -0.1), 2)
    churned = np.zeros(20, dtype=bool)
    churned[[0, 1, 2, 4, 6, 8, 10, 12]] = True
    found = Judged(claimed, churned).metrics(np.ones(20))
    assert found["top_decile_lift"] == pytest.approx(2.5)
    # Seen by bin: 1, .5 six times, 0 three times. Distances to .95, .85, .75, .65, .55, .45, .35, .25, .15, .05:
    # .05 + .35 + .25 + .15 + .05 + .05 + .15 + .25 + .15 + .05 = 1.5, a mean of .15.
    assert found["calibration_error"] == pytest.approx(0.15)


def test_a_tie_at_the_tenth_counts_by_its_share() -> None:
    # All twenty alike: whoever stands first, the tenth holds a tenth of the churned.
    churned = np.arange(20) < 5
    assert Judged(np.full(20, 0.5), churned).metrics(np.ones(20))["top_decile_lift"] == pytest.approx(1.0)


def test_one_outcome_alone_tells_nothing() -> None:
    found = Judged(np.array([0.1, 0.2]), np.array([True, True])).metrics(np.ones(2))
    assert all(np.isnan(found[metric]) for metric in METRICS)
