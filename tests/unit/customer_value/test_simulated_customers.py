"""p_alive on customers whose end is known: they buy after touches, stop for reasons, and no model was asked."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.stats import mannwhitneyu

from dagster_project.customer_value import value_customers
from dagster_project.settings import shipped_settings
from dagster_project.simulator.behaviour import World, live
from dagster_project.simulator.calendar import window_of
from dagster_project.simulator.people import make_people

END = dt.date(2026, 10, 31)
HISTORY = ["frequency", "recency_days", "age_days", "recent_orders"]


def histories(world: World, held_out_days: int) -> pd.DataFrame:
    """One row per person who ordered within the window, as of its end."""
    orders = pd.DataFrame({"person": world.orders.person, "day": world.orders.at // 86_400}).drop_duplicates()
    days = orders[orders["day"] >= world.window.first].groupby("person")["day"]
    recent = days.agg(lambda each: (each > world.window.last - held_out_days).sum())
    return pd.DataFrame(
        {
            "frequency": days.size() - 1,
            "recency_days": days.max() - days.min(),
            "age_days": world.window.last - days.min(),
            "recent_orders": recent,
        }
    )


@pytest.mark.parametrize("seed", [7, 8])
def test_p_alive_knows_more_than_recency_and_is_right_about_who_bought_once(seed: int) -> None:
    settings = shipped_settings().customer_value
    window = window_of(24, END)
    world = live(make_people(10_000, window, seed), window, seed)
    customers = histories(world, settings.held_out_days)
    statistics = customers.value_counts(HISTORY).rename("customers").reset_index()
    statistics = statistics.assign(cut="now", future_orders=0)
    nothing = pa.table({"valued_orders": pa.array([], pa.int64()), "valued_revenue": pa.array([], pa.float64()),
                        "customers": pa.array([], pa.int64())})  # fmt: skip
    valued = value_customers(pa.Table.from_pandas(statistics, preserve_index=False), nothing, settings, data_end=END)
    scored = customers.reset_index().merge(valued.scores.to_pandas(), on=HISTORY)

    is_alive = world.life.dropout_at[scored["person"]] > window.end
    p_alive, silence = scored["p_alive"].to_numpy(), (scored["age_days"] - scored["recency_days"]).to_numpy()
    assert area(p_alive, is_alive) > area(-silence, is_alive) + 0.005
    once = scored["frequency"].to_numpy() == 0
    assert once.sum() > 2_000
    assert p_alive[once].mean() == pytest.approx(is_alive[once].mean(), abs=0.05)


def area(score: np.ndarray, is_alive: np.ndarray) -> float:
    """Under the ROC curve: how often one alive has a higher score than one who is not."""
    above = mannwhitneyu(score[is_alive], score[~is_alive]).statistic
    return float(above / is_alive.sum() / (~is_alive).sum())
