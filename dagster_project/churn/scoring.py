"""Churn as the warehouse scores it: learnt from the past, judged on a later past, and told with its reasons."""

from __future__ import annotations

import datetime as dt
import os
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.churn.features import FEATURES, GROUPS, matrix, reference
from dagster_project.churn.ranking import METRICS, Judged
from dagster_project.evaluations import EVALUATIONS_SCHEMA, Floats, compared, held_out, is_worse, redrawn
from dagster_project.settings import Churn

Outcomes = np.ndarray[Any, np.dtype[np.bool_]]
# Small trees, many of them: what tells churn are a few numbers and how they meet.
_TREES = {"max_iter": 100, "learning_rate": 0.08, "max_leaf_nodes": 6, "min_samples_leaf": 50, "early_stopping": False}
_FOLDS, _SEED = 3, 20_260_101
_KNOWS = 0.97  # AUC of a single feature from which on it must know the outcome
_SAYS = 0.1  # log odds from which on a group is a reason
_ON_ONE_THREAD = 50_000  # customers up to which threads cost more than they give
_BASELINES = ("recency", "p_alive")
_REASONS = 3

SCORES_SCHEMA = pa.schema(
    [
        ("customer_id", pa.string()),
        ("churn_probability", pa.float64()),
        *((f"reason_{place}", pa.string()) for place in range(1, _REASONS + 1)),
        ("served", pa.string()),
    ]
)


@dataclass(frozen=True)
class ScoredChurn:
    """`scores` (SCORES_SCHEMA): one row per customer active now, reasons as names of GROUPS, strongest first.
    `evaluations` (EVALUATIONS_SCHEMA): one row per metric and baseline. `parameters`: as JSON values."""

    scores: pa.Table
    evaluations: pa.Table
    parameters: dict[str, Any]


def score_churn(features: pa.Table, alive: pa.Table, settings: Churn, *, min_n: int, data_end: dt.date) -> ScoredChurn:
    """The probability that a customer active now places no order in the next `settings.horizon_days`.

    `features`: one row per cut (`train`, two horizons ago, `validate`, one, and `now`) and customer, with FEATURES as
    of the cut, frequency, recency_days, age_days and, but for `now`, has_churned. `alive`: p_alive by cut, frequency,
    recency_days and age_days. Neither depends on its order.

    Gradient-boosted trees (Friedman 2001, Greedy function approximation, Annals of Statistics 29), their probabilities
    calibrated by a sigmoid over held-out folds (Platt 1999). Those learnt at `train` are judged at `validate`, beside
    days since the last order and p_alive, each turned into a probability by isotonic regression at `train`; those
    served are learnt at both. Where their Brier score is above that of the better baseline by more than two standard
    errors, or where a single feature knows the outcome, which only a leak from the future can do, that baseline is
    served, learnt at `validate`.

    Without `min_n` customers of each outcome at both cuts there are no scores: nothing could tell how wrong they are.
    """
    keys = ["cut", "frequency", "recency_days", "age_days"]
    frame = features.to_pandas().merge(alive.to_pandas(), on=keys, how="left")
    frame = frame.sort_values(["cut", "customer_id"], ignore_index=True)
    # Whose history is not told is taken for the mean of all.
    frame["p_alive"] = frame["p_alive"].fillna(frame.groupby("cut")["p_alive"].transform("mean")).fillna(0.5)
    now, train, validate = (frame[frame["cut"] == cut].reset_index(drop=True) for cut in ("now", "train", "validate"))
    train, validate = (_drawn(cut, settings.training_customers) for cut in (train, validate))
    if min(_of_rarer_outcome(train), _of_rarer_outcome(validate)) < min_n:
        return ScoredChurn(SCORES_SCHEMA.empty_table(), EVALUATIONS_SCHEMA.empty_table(), {})
    leaking = _leaking(train)
    learnt = None if leaking else _Trees(train)
    evaluations, served = _evaluate(train, validate, learnt, settings, data_end)
    if served == "model":
        trees = _Trees(pd.concat([train, validate], ignore_index=True))
        probabilities, reasons = trees.probabilities(now), trees.reasons(now)
    else:
        probabilities = _baseline(served, validate, now)
        reasons = np.full((len(now), _REASONS), None, dtype=object)
        reasons[:, 0] = "silence"
    columns = {"customer_id": now["customer_id"], "churn_probability": probabilities}
    columns |= {f"reason_{place + 1}": pa.array(reasons[:, place], pa.string()) for place in range(_REASONS)}
    scores = pa.table(columns | {"served": pa.array([served] * len(now), pa.string())}).cast(SCORES_SCHEMA)
    parameters = {
        "horizon_days": settings.horizon_days,
        "customers_learnt_from": len(train) + len(validate) if served == "model" else len(validate),
        "churned_share": round(float(_churned(validate).mean()), 4),
        "trees": _TREES,
        "features_that_know_the_outcome": leaking,
        "served": served,
    }
    return ScoredChurn(scores, evaluations, {"churn": parameters})


def _churned(customers: pd.DataFrame) -> Outcomes:
    return customers["has_churned"].to_numpy(dtype=bool)


def _of_rarer_outcome(customers: pd.DataFrame) -> int:
    churned = int(_churned(customers).sum())
    return min(churned, len(customers) - churned)


def _drawn(customers: pd.DataFrame, number: int) -> pd.DataFrame:
    """At most so many of them, by a hash of their ids: the same ones every night while they are there."""
    if len(customers) <= number:
        return customers
    drawn = np.argsort(pd.util.hash_array(customers["customer_id"].to_numpy(dtype=object)), kind="stable")[:number]
    return customers.iloc[np.sort(drawn)].reset_index(drop=True)


def _leaking(customers: pd.DataFrame) -> list[str]:
    """The features that rank churn too well by themselves to be of the past."""
    churned, everybody = _churned(customers), np.ones(len(customers))
    found = []
    for feature, values in zip(FEATURES, matrix(customers).T, strict=True):
        # What is not known ranks at an end: that a value is there may tell as much as the value.
        filled = np.where(np.isfinite(values), values, np.nanmin(values, initial=0.0) - 1)
        auc = Judged(filled, churned).metrics(everybody)["auc"]
        if max(auc, 1 - auc) > _KNOWS:
            found.append(feature)
    return found


class _Trees:
    """Calibrated trees, and the customer who stayed that others are set beside."""

    def __init__(self, customers: pd.DataFrame) -> None:
        # Threads that wait in a loop for one that another process holds up make the step several times as long.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from sklearn.calibration import CalibratedClassifierCV
        from sklearn.ensemble import HistGradientBoostingClassifier

        features, churned = matrix(customers), _churned(customers)
        trees = HistGradientBoostingClassifier(**_TREES, random_state=_SEED)
        # A customer of both cuts is in one fold, or the trees would be judged by whom they know.
        folds = pd.util.hash_array(customers["customer_id"].to_numpy(dtype=object)) % _FOLDS
        splits = [(np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)) for fold in range(_FOLDS)]
        # What nobody is known to have, in one of the parts learnt from, tells nothing, and trees do not take it.
        self._is_told = np.all([np.isfinite(features[learnt]).any(axis=0) for learnt, _ in splits], axis=0)
        self._reference = np.where(self._is_told, reference(features, churned), 0.0)
        model = CalibratedClassifierCV(trees, method="sigmoid", cv=splits, ensemble=False)
        with _threads(len(customers)):
            self._model = model.fit(self._features(customers), churned)

    def probabilities(self, customers: pd.DataFrame) -> Floats:
        with _threads(len(customers)):
            found: Floats = self._model.predict_proba(self._features(customers))[:, 1]
        return found

    def _features(self, customers: pd.DataFrame) -> Floats:
        return np.where(self._is_told, matrix(customers), 0.0)

    def reasons(self, customers: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.object_]]:
        """Up to three groups that raise the log odds of churn most, against the same customer with that group's
        features as those of one who stayed; None where there are no more."""
        features = self._features(customers)
        trees = self._model.calibrated_classifiers_[0].estimator
        raised = np.empty((len(features), len(GROUPS)))
        with _threads(len(features)):
            as_is = trees.decision_function(features)
            for place, group in enumerate(GROUPS.values()):
                columns = [FEATURES.index(feature) for feature in group]
                changed = features.copy()
                changed[:, columns] = self._reference[columns]
                raised[:, place] = as_is - trees.decision_function(changed)
        strongest = np.argsort(-raised, axis=1, kind="stable")[:, :_REASONS]
        names = np.array(list(GROUPS), dtype=object)[strongest]
        names[np.take_along_axis(raised, strongest, axis=1) < _SAYS] = None
        return names


def _threads(customers: int) -> Any:
    from threadpoolctl import threadpool_limits

    return threadpool_limits(1 if customers <= _ON_ONE_THREAD else None, user_api="openmp")


def _baseline(name: str, learnt_from: pd.DataFrame, customers: pd.DataFrame) -> Floats:
    """The probability of churn by days since the last order, or by p_alive, alone."""
    from sklearn.isotonic import IsotonicRegression

    column, is_rising = ("days_since_order", True) if name == "recency" else ("p_alive", False)
    curve = IsotonicRegression(y_min=0, y_max=1, increasing=is_rising, out_of_bounds="clip")
    curve.fit(learnt_from[column].to_numpy(np.float64), _churned(learnt_from).astype(np.float64))
    found: Floats = curve.predict(customers[column].to_numpy(np.float64))
    return found


def _evaluate(
    train: pd.DataFrame, validate: pd.DataFrame, trees: _Trees | None, settings: Churn, data_end: dt.date
) -> tuple[pa.Table, str]:
    """The evaluations at `validate` of what was learnt at `train`, and what scores are served by. Without `trees` the
    better baseline is served."""
    churned, everybody = _churned(validate), np.ones(len(validate))
    claimed = {name: _baseline(name, train, validate) for name in _BASELINES}
    if trees is not None:
        claimed["model"] = trees.probabilities(validate)
    judged = {name: Judged(probabilities, churned) for name, probabilities in claimed.items()}
    measured = {name: each.metrics(everybody) for name, each in judged.items()}
    better = min(_BASELINES, key=lambda name: measured[name]["brier"])
    if trees is None:
        return EVALUATIONS_SCHEMA.empty_table(), better
    draws = [{name: each.metrics(weights) for name, each in judged.items()} for weights in redrawn(everybody)]

    def beside(baseline: str, metric: str) -> tuple[tuple[float, float], tuple[Floats, Floats]]:
        model, other = (np.array([draw[name][metric] for draw in draws]) for name in ("model", baseline))
        return (measured["model"][metric], measured[baseline][metric]), (model, other)

    served = better if is_worse(*beside(better, "brier")) else "model"
    rows = [
        held_out(settings.horizon_days, data_end)
        | {"model": "churn", "metric": metric, "frequency_band": "all", "baseline": baseline, "n": len(validate)}
        | {"served": served if baseline == better else None}
        | compared(*beside(baseline, metric))
        for metric in METRICS
        for baseline in _BASELINES
    ]
    return pa.Table.from_pylist(rows, schema=EVALUATIONS_SCHEMA), served
