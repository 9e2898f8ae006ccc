"""How well scores tell those who churned from those who stayed, over customers weighted or drawn again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from dagster_project.evaluations import Floats

METRICS = ("auc", "brier", "calibration_error", "top_decile_lift")
_BINS = 10


class Judged:
    """Probabilities of churn beside what came of them, sorted once, so that the metrics of many draws are cheap. Ties
    share their place."""

    def __init__(self, probabilities: Floats, has_churned: np.ndarray[Any, np.dtype[np.bool_]]) -> None:
        self._order = np.argsort(-probabilities, kind="stable")
        self._probabilities = probabilities[self._order]
        self._churned = has_churned[self._order].astype(np.float64)
        self._ties = np.flatnonzero(np.concatenate([[True], np.diff(self._probabilities) != 0]))
        place = (np.arange(len(probabilities)) * _BINS) // max(1, len(probabilities))
        self._bins = np.flatnonzero(np.concatenate([[True], np.diff(place) != 0]))

    def metrics(self, weights: Floats) -> Mapping[str, float]:
        """`auc`; `brier`, the mean squared error (Brier 1950, Verification of forecasts expressed in terms of
        probability); `calibration_error`, the mean distance between claimed and seen over ten bins of as many
        customers each (Naeini et al. 2015, Obtaining well calibrated probabilities, p. 2904); `top_decile_lift`, the
        share of churned customers among the tenth ranked first over that among all. NaN without both outcomes."""
        weight = weights[self._order]
        churned = weight * self._churned
        total, lost = weight.sum(), churned.sum()
        if not 0 < lost < total:
            return dict.fromkeys(METRICS, np.nan)
        by_tie, lost_by_tie = (np.add.reduceat(values, self._ties) for values in (weight, churned))
        kept_by_tie = by_tie - lost_by_tie
        kept_behind = (total - lost) - np.cumsum(kept_by_tie)
        auc = np.einsum("i,i->", lost_by_tie, kept_behind + kept_by_tie / 2) / (lost * (total - lost))
        ranked, found = np.concatenate([[0.0], np.cumsum(by_tie)]), np.concatenate([[0.0], np.cumsum(lost_by_tie)])
        tenth = np.interp(total / 10, ranked, found)
        claimed = np.add.reduceat(weight * self._probabilities, self._bins)
        seen = np.add.reduceat(churned, self._bins)
        return {
            "auc": float(auc),
            "brier": float(np.einsum("i,i->", weight, (self._probabilities - self._churned) ** 2) / total),
            "calibration_error": float(np.abs(claimed - seen).sum() / total),
            "top_decile_lift": float(tenth / (total / 10) / (lost / total)),
        }
