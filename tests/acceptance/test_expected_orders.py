"""Orders of a real web shop, foreseen from nine months and held against the three that followed."""

from __future__ import annotations

import os
from collections.abc import Callable

import duckdb
import numpy as np
import pandas as pd
import pytest

from dagster_project.customer_value import BgNbd, MbgNbd, ParetoNbd, fit_bgnbd, fit_mbgnbd, fit_paretonbd

DATA = os.environ.get("OMNIVUE_ONLINE_RETAIL")
HELD_OUT_DAYS = 91

pytestmark = pytest.mark.skipif(
    not DATA,
    reason="the data is not shipped: OMNIVUE_ONLINE_RETAIL names no uci_online_retail_2009_2010.parquet",
)


@pytest.fixture(scope="module")
def customers() -> pd.DataFrame:
    """Known customers with a sale from 2009-12-01 to 2010-08-31, in days; `before` and `after` count days with a sale
    in the 91 days until then, and from 2010-09-01 to 2010-11-30."""
    return duckdb.sql(
        f"""
        with days as (
            select distinct "Customer ID" as customer, cast(cast(InvoiceDate as timestamp) as date) as day
            from '{DATA}'
            where "Customer ID" is not null and Invoice not like 'C%' and Quantity > 0 and Price > 0
        )
        select
            count(*) filter (day < '2010-09-01') - 1 as frequency,
            max(day) filter (day < '2010-09-01') - min(day) as recency,
            date '2010-08-31' - min(day) as "T",
            count(*) filter (day > date '2010-08-31' - {HELD_OUT_DAYS} and day < '2010-09-01') as "before",
            count(*) filter (day between '2010-09-01' and '2010-11-30') as "after"
        from days group by customer having min(day) < '2010-09-01' order by customer
        """
    ).df()


@pytest.mark.parametrize("fit", [fit_bgnbd, fit_mbgnbd, fit_paretonbd])
def test_expected_orders_beat_the_last_quarter_and_the_mean(
    customers: pd.DataFrame, fit: Callable[[pd.DataFrame], BgNbd | MbgNbd | ParetoNbd]
) -> None:
    """The autumn sells more than the months before, so each model expects too little (bias)."""
    model = fit(customers)
    guesses = {
        "model": model.expected_orders(customers, HELD_OUT_DAYS),
        "their last 91 days": customers["before"].to_numpy(),
        "their mean": np.full(len(customers), customers["after"].mean()),
    }
    errors = {name: guess - customers["after"].to_numpy() for name, guess in guesses.items()}
    rmse = {name: float(np.sqrt((error**2).mean())) for name, error in errors.items()}
    print(f"\n{len(customers):,} customers, {dict(model.params)}, {model.fallback or 'maximum likelihood'}")  # noqa: T201
    for name, error in errors.items():
        print(f"  {name:20} RMSE {rmse[name]:.3f} MAE {np.abs(error).mean():.3f} bias {error.mean():+.3f}")  # noqa: T201

    assert rmse["model"] < rmse["their last 91 days"] < rmse["their mean"]
