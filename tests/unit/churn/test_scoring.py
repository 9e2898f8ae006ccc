"""Churn scores. Oracle: the probability and the cause by which the customers' outcomes were drawn."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from dagster_project.churn import GROUPS, ScoredChurn, score_churn
from dagster_project.settings import DEFAULTS_FILE, load_settings

DATA_END = dt.date(2026, 10, 31)
ALIVE = ["cut", "frequency", "recency_days", "age_days"]


def scored(customers: pd.DataFrame, **changes: object) -> ScoredChurn:
    settings = load_settings(DEFAULTS_FILE.with_name("none.yaml")).churn.model_copy(update=changes)
    alive = customers[ALIVE].drop_duplicates().assign(p_alive=lambda frame: np.exp(-frame["age_days"] / 400))
    features = customers.drop(columns="truth")
    tables = (pa.Table.from_pandas(frame, preserve_index=False) for frame in (features, alive))
    return score_churn(*tables, settings, min_n=30, data_end=DATA_END)


def evaluated(result: ScoredChurn) -> pd.DataFrame:
    return result.evaluations.to_pandas().set_index(["metric", "baseline"])


def test_probabilities_are_near_the_true_ones_and_better_than_baselines(customers) -> None:
    made = customers(8_000)
    result = scored(made)
    found = result.scores.to_pandas().merge(made[made["cut"] == "now"], on="customer_id")
    assert np.abs(found["churn_probability"] - found["truth"]).mean() < 0.05
    assert found["churn_probability"].mean() == pytest.approx(found["truth"].mean(), abs=0.02)
    about = evaluated(result)
    validate = made[made["cut"] == "validate"]
    best = roc_auc_score(validate["has_churned"].astype(bool), validate["truth"])
    assert best - 0.02 < about.loc[("auc", "recency"), "value"] <= best + 0.005
    for baseline in ("recency", "p_alive"):
        gap = about.loc[("brier", baseline)]
        assert gap["difference"] < -2 * gap["difference_standard_error"]
    assert set(found["served"]) == {"model"}
    assert about["held_out_from"].iloc[0] == dt.date(2026, 5, 5)  # 180 days to 31 October, both counted


def test_what_raises_churn_is_told_and_what_does_not_is_not(customers) -> None:
    made = customers(8_000)
    found = scored(made).scores.to_pandas().merge(made[made["cut"] == "now"], on="customer_id")
    silent = found[(found["days_since_order"] > 300) & (found["tickets"] == 0)]
    served_badly = found[(found["days_since_order"] < 30) & (found["tickets"] >= 2)]
    assert (silent["reason_1"] == "silence").mean() > 0.95
    assert (served_badly["reason_1"] == "service").mean() > 0.9
    first = found["reason_1"].value_counts(normalize=True)
    assert first.drop(["silence", "service"], errors="ignore").sum() < 0.1
    assert set(first.index) <= set(GROUPS)
    assert not (found["reason_1"] == found["reason_2"]).any()


def test_shuffled_outcomes_cannot_be_learnt(customers) -> None:
    made = customers(10_000, seed=4)
    rng = np.random.default_rng(9)
    for cut in ("train", "validate"):
        there = made["cut"] == cut
        made.loc[there, "has_churned"] = rng.permutation(made.loc[there, "has_churned"].to_numpy())
    assert evaluated(scored(made)).loc[("auc", "recency"), "value"] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("planted", [lambda churned: churned * 1.0, lambda churned: np.where(churned, np.nan, 3.0)])
def test_a_column_that_knows_the_future_is_caught(customers, planted) -> None:
    made = customers(3_000)
    churned = made["has_churned"].fillna(False).astype(bool).to_numpy()
    made["visits_recent"] = planted(churned)
    result = scored(made)
    assert result.parameters["churn"]["features_that_know_the_outcome"] == ["visits_recent"]
    assert set(result.scores["served"].to_pylist()) == {"recency"}


def test_trees_that_time_proved_wrong_are_replaced_by_the_better_baseline(customers) -> None:
    made = customers(4_000, service_at=(2.5, -2.5, -2.5))
    result = scored(made)
    about = evaluated(result)
    assert about.loc[("brier", "recency"), "difference"] > 0
    scores = result.scores.to_pandas()
    assert set(scores["served"]) == {"recency"} == set(about["served"].dropna())
    assert set(scores["reason_1"]) == {"silence"}
    days = made[made["cut"] == "now"].set_index("customer_id")["days_since_order"]
    by_days = scores.assign(days=scores["customer_id"].map(days)).sort_values("days")
    assert by_days["churn_probability"].is_monotonic_increasing


def test_neither_order_nor_a_second_run_changes_a_score(customers) -> None:
    made = customers(2_000)
    once = scored(made)
    again = scored(made.sample(frac=1, random_state=5))
    assert once.scores.equals(again.scores)
    assert once.evaluations.equals(again.evaluations)


def test_a_draw_of_customers_is_learnt_from_and_all_are_scored(customers) -> None:
    made = customers(3_000)
    result = scored(made, training_customers=1_000)
    assert result.parameters["churn"]["customers_learnt_from"] == 2_000
    assert set(result.evaluations["n"].to_pylist()) == {1_000}
    assert result.scores.num_rows == 3_000


def test_without_both_outcomes_at_both_cuts_nobody_is_scored(customers) -> None:
    made = customers(1_000)
    made.loc[made["cut"] == "train", "has_churned"] = True
    result = scored(made)
    assert (result.scores.num_rows, result.evaluations.num_rows, result.parameters) == (0, 0, {})


def test_what_nobody_or_hardly_anybody_is_known_to_have_does_not_matter(customers) -> None:
    made = customers(1_000)
    untold, whole = made.copy(), made.copy()
    untold["last_ces"] = np.nan
    untold["last_csat"] = np.where(untold["customer_id"] == "c000007", 3.0, np.nan)
    for feature in ("last_ces", "last_csat"):
        whole[feature] = 0.0
    scores = [scored(frame).scores.to_pandas()["churn_probability"] for frame in (untold, whole)]
    np.testing.assert_allclose(*scores, atol=1e-12)


def test_a_missing_feature_is_named(customers) -> None:
    with pytest.raises(ValueError, match="'last_nps' is missing"):
        scored(customers(500).drop(columns="last_nps"))
