"""Customers' value as published. Oracles: the purchases and consents of the marts, counted again in pandas."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from acceptance_tools import marts

HELD_OUT = pd.Timedelta(days=90)


@pytest.fixture(scope="module")
def purchases(retailer: Path) -> pd.DataFrame:
    """One row per known customer and day with an order, with the first of the customer's days."""
    with marts(retailer) as session:
        days = session.execute(
            "select customer_id, ordered_date as day, sum(net_revenue)::double as net_revenue from fct_orders "
            "where not is_cancelled and customer_id <> 'unknown' group by all"
        ).df()
    return days.assign(first=days.groupby("customer_id")["day"].transform("min"))


def end_of_data(home: Path) -> pd.Timestamp:
    with marts(home) as session:
        return pd.Timestamp(session.execute("select max(date_day) from dim_dates where is_observed").fetchone()[0])


def test_everybody_who_bought_is_valued_and_scored_by_consent_alone(retailer: Path, purchases: pd.DataFrame) -> None:
    with marts(retailer) as session:
        valued = session.execute(
            "select * from customer_value join (select customer_id, has_profiling_consent, clv from dim_customers) "
            "using (customer_id) order by customer_id"
        ).df()
    counted = purchases.groupby("customer_id")["day"].agg(["size", "min", "max"]).loc[valued["customer_id"]]
    assert len(counted) == purchases["customer_id"].nunique()
    assert (valued["frequency"].to_numpy() == counted["size"].to_numpy() - 1).all()
    assert (valued["recency_days"].to_numpy() == (counted["max"] - counted["min"]).dt.days.to_numpy()).all()
    assert (valued["age_days"].to_numpy() == (end_of_data(retailer) - counted["min"]).dt.days.to_numpy()).all()
    scored = valued["is_scored"]
    assert 0 < scored.sum() < len(valued)
    assert (scored == valued["has_profiling_consent"]).all()
    for score in ("p_alive", "expected_orders_90d", "expected_order_value", "clv_12m", "clv_total", "clv"):
        assert (valued[score].notna() == scored).all(), score
    assert set(valued["served"]) == {"model"}


def test_the_error_of_the_baseline_is_that_of_counting_again(retailer: Path, purchases: pd.DataFrame) -> None:
    cut = end_of_data(retailer) - HELD_OUT
    known = purchases[purchases["first"] <= cut]
    customers = known.groupby("customer_id")["first"].first()
    recent = known[(known["day"] <= cut) & (known["day"] > cut - HELD_OUT)].groupby("customer_id").size()
    later = known[known["day"] > cut].groupby("customer_id").size()
    recent, later = (each.reindex(customers.index, fill_value=0) for each in (recent, later))
    observed = np.minimum(90, (cut - customers).dt.days + 1)
    mean = recent.sum() / observed.sum() * 90
    errors = {"recent_rate": np.sqrt(((recent - later) ** 2).mean()), "mean": np.sqrt(((mean - later) ** 2).mean())}
    better = min(errors, key=lambda name: errors[name])
    with marts(retailer) as session:
        found = session.execute(
            "select distinct baseline, baseline_value, n, held_out_until from model_evaluations where metric = 'rmse'"
        ).fetchall()
    assert found == [(better, pytest.approx(errors[better], rel=1e-9), len(customers), end_of_data(retailer).date())]


def test_what_is_expected_is_summed_once_in_the_periods_of_the_last_day(retailer: Path) -> None:
    with marts(retailer) as session:
        sums = session.execute(
            "select period, count(distinct period_start), sum(predicted_customers), sum(predicted_margin_12m)::double "
            "from kpi_customer_value where predicted_customers is not null group by period order by period"
        ).fetchall()
        customers, margin = session.execute("select count(*), sum(clv_12m) from customer_value").fetchone()
    assert [row[0] for row in sums] == ["month", "quarter", "week", "year"]
    assert {row[1:3] for row in sums} == {(1, customers)}
    # Those without consent are in the sums, too.
    assert all(total > margin > 0 for *_, total in sums)


def test_the_release_says_what_its_models_found(retailer: Path, purchases: pd.DataFrame) -> None:
    with marts(retailer) as session:
        (text,) = session.execute("select model_parameters from release_info").fetchone()
    found = json.loads(text)
    assert set(found) == {"identity", "paretonbd", "gamma_gamma", "churn"}
    repeats = purchases[(purchases["day"] > purchases["first"]) & (purchases["net_revenue"] > 0)]
    each = repeats.groupby("customer_id")["net_revenue"].agg(["size", "mean"])
    correlation = np.corrcoef(each["size"], each["mean"])[0, 1]
    assert found["gamma_gamma"]["correlation_of_frequency_and_value"] == pytest.approx(correlation, abs=1e-4)
