"""Churn as published. Oracles: orders and consents of the marts, counted again in pandas, and a warehouse that never
saw what came after the cut."""

from __future__ import annotations

import datetime as dt
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from acceptance_tools import marts

from dagster_project.churn import FEATURES

ACTIVE = pd.Timedelta(days=365)
HORIZON = pd.Timedelta(days=180)


def features(home: Path, cut: str) -> pd.DataFrame:
    """int_churn_features of one cut by customer_id, in its order."""
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb"), read_only=True) as session:
        found = session.execute("select * from intermediate.int_churn_features where cut = ?", [cut]).df()
    return found.set_index("customer_id").sort_index()


@pytest.fixture(scope="module")
def orders(retailer: Path) -> pd.DataFrame:
    with marts(retailer) as session:
        return session.execute(
            "select customer_id, ordered_date as day from fct_orders "
            "where not is_cancelled and customer_id <> 'unknown'"
        ).df()


def test_active_customers_are_scored_by_consent_and_told_why(retailer: Path, orders: pd.DataFrame) -> None:
    with marts(retailer) as session:
        end = pd.Timestamp(session.execute("select max(date_day) from dim_dates where is_observed").fetchone()[0])
        published = session.execute(
            "select * from customer_churn "
            "join (select customer_id, has_profiling_consent, churn_probability as of_dim from dim_customers) "
            "using (customer_id) order by customer_id"
        ).df()
    last = orders.groupby("customer_id")["day"].max()
    active = last[last > end - ACTIVE].sort_index()
    assert published["customer_id"].tolist() == active.index.tolist()
    assert (published["last_order_date"].to_numpy() == active.to_numpy()).all()
    assert (published["days_since_order"].to_numpy() == (end - active).dt.days.to_numpy()).all()
    scored = published["is_scored"]
    assert (scored == published["has_profiling_consent"]).all()
    assert 0 < scored.sum() < len(published)
    for column in ("churn_probability", "churn_band", "of_dim"):
        assert (published[column].notna() == scored).all(), column
    assert published.loc[~scored, ["reason_1", "reason_2", "reason_3"]].isna().all(axis=None)
    assert (published["of_dim"].dropna() == published["churn_probability"].dropna()).all()
    silent = published[scored & (published["days_since_order"] > 300)]
    said = silent["days_since_order"].astype(str) + " days since the last order"
    told = silent[["reason_1", "reason_2", "reason_3"]].fillna("").agg("; ".join, axis=1)
    assert np.mean([days in reasons for days, reasons in zip(said, told, strict=True)]) > 0.9


def test_who_churned_placed_no_order_within_the_horizon(retailer: Path, orders: pd.DataFrame) -> None:
    for cut in ("train", "validate"):
        found = features(retailer, cut)
        after = orders[
            (orders["day"] > found["cut_date"].iloc[0]) & (orders["day"] <= found["cut_date"].iloc[0] + HORIZON)
        ]
        assert (found["has_churned"].to_numpy() == ~found.index.isin(after["customer_id"])).all()
        assert 0.1 < found["has_churned"].mean() < 0.9


def test_drivers_count_everybody_once_and_expect_as_many_as_churned(retailer: Path) -> None:
    with marts(retailer) as session:
        totals = session.execute(
            "select measured_from, driver, sum(customers) as customers, sum(churned_customers) as churned, "
            "sum(expected_churned_customers) as expected from kpi_churn_drivers group by all"
        ).df()
    for cut in ("train", "validate"):
        found = features(retailer, cut)
        of_cut = totals[totals["measured_from"] == found["cut_date"].iloc[0] + pd.Timedelta(days=1)]
        assert len(of_cut) == 5
        assert (of_cut["customers"] == len(found)).all()
        assert (of_cut["churned"] == found["has_churned"].sum()).all()
        np.testing.assert_allclose(of_cut["expected"], found["has_churned"].sum(), atol=1e-3)


@pytest.mark.slow
def test_a_warehouse_that_saw_only_files_delivered_by_the_cut_has_the_same_features(
    tmp_path_factory: pytest.TempPathFactory, omnivue
) -> None:
    whole, by_cut = (tmp_path_factory.mktemp(name) for name in ("whole", "by_cut"))
    omnivue("simulate", "--customers", "400", "--months", "14", "--seed", "11", "--no-dirt", home=whole)
    omnivue("run", home=whole)
    seen = features(whole, "validate")
    known_by = seen["cut_date"].iloc[0].date() + dt.timedelta(days=1)
    for folder in (whole / "landing").glob("*/*"):
        if dt.date.fromisoformat(folder.name) <= known_by:
            shutil.copytree(folder, by_cut / "landing" / folder.parent.name / folder.name)
    omnivue("run", home=by_cut)
    then = features(by_cut, "now")
    # Who was known under two ids then, and is one customer since, is looked at as far as it was known then.
    assert len(seen) > 100
    assert seen.index.isin(then.index).all()
    assert len(seen) > 0.95 * len(then)
    pd.testing.assert_frame_equal(seen[list(FEATURES)], then.loc[seen.index, list(FEATURES)], check_dtype=False)
