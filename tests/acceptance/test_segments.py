"""Segments as published. Oracle: the purchases of the marts, scored again in pandas."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from acceptance_tools import marts

WINDOW = pd.Timedelta(days=365)
# What the words of a persona's name say of its customers, beside all.
SAID = {
    "frequent": ("purchases", 1), "occasional": ("purchases", -1),
    "large baskets": ("order_value", 1), "small baskets": ("order_value", -1),
    "more in stores": ("store_share", 1), "less in stores": ("store_share", -1),
    "more discounts": ("discount_share", 1), "fewer discounts": ("discount_share", -1),
    "many categories": ("categories", 1), "few categories": ("categories", -1),
}  # fmt: skip
MEASURES = ["purchases", "order_value", "store_share", "discount_share", "categories"]


def fifth(values: pd.Series) -> pd.Series:
    """1 to 5, by the share of the others that are lower."""
    return 1 + 5 * (values.rank(method="min") - 1) // len(values)


def test_customers_are_scored_among_those_who_bought_in_the_year_before(retailer: Path) -> None:
    with marts(retailer) as session:
        days = session.execute(
            "select customer_id, ordered_date as day, sum(net_revenue) as net_revenue from fct_orders "
            "where not is_cancelled and customer_id <> 'unknown' group by all"
        ).df()
        months = session.execute("select distinct month, as_of_date from customer_segments_monthly").df()
        published = session.execute("select * from customer_segments_monthly").df()
    found = published.set_index(["month", "customer_id"]).sort_index()
    for month, as_of in sorted(months.itertuples(index=False))[-6:]:
        window = days[(days["day"] < as_of) & (days["day"] >= as_of - WINDOW)]
        each = window.groupby("customer_id").agg(day=("day", "max"), n=("day", "size"), spent=("net_revenue", "sum"))
        rows = found.loc[month]
        scored = rows[rows["recency_score"].notna()]
        assert set(scored.index) == set(each.index)
        each = each.loc[scored.index]
        assert (fifth(each["day"]) == scored["recency_score"]).all()
        assert (fifth(each["n"]) == scored["frequency_score"]).all()
        assert (fifth(each["spent"].astype(float)) == scored["monetary_score"]).all()
        ever = set(days.loc[days["day"] < as_of, "customer_id"])
        assert set(rows.index[rows["rfm_segment"] == "prospect"]) == set(rows.index) - ever
        assert set(rows.index[rows["rfm_segment"] == "lost"]) == ever - set(each.index)
    assert len(set(published["rfm_segment"])) == 8


def bought_in_the_year_before(home: Path, end: pd.Timestamp) -> pd.DataFrame:
    """One row per customer: MEASURES, from the lines and orders published."""
    with marts(home) as session:
        orders = session.execute("select * from fct_orders where not is_cancelled and customer_id <> 'unknown'").df()
        lines = session.execute(
            "select customer_id, ordered_date, category from fct_order_lines as lines join dim_products using (sku) "
            "where lines.is_product and not is_cancelled and category is not null"
        ).df()
    orders = orders[(orders["ordered_date"] < end) & (orders["ordered_date"] >= end - WINDOW)]
    lines = lines[(lines["ordered_date"] < end) & (lines["ordered_date"] >= end - WINDOW)]
    each = orders.groupby("customer_id")
    money = each[["net_revenue", "gross_revenue", "discount"]].sum().astype(float)
    days = each["ordered_date"].nunique()
    return pd.DataFrame(
        {
            "purchases": days,
            "order_value": (money["net_revenue"] / days).clip(lower=0),
            "store_share": (orders["sales_channel"] == "store").groupby(orders["customer_id"]).mean(),
            "discount_share": (money["discount"] / money["gross_revenue"]).fillna(0),
            "categories": lines.groupby("customer_id")["category"].nunique().reindex(days.index).fillna(0),
        }
    )


def test_customers_have_the_persona_whose_centre_is_nearest_and_centres_are_the_means_of_theirs(retailer: Path) -> None:
    with duckdb.connect(str(retailer / "warehouse" / "warehouse.duckdb"), read_only=True) as session:
        personas = session.execute("select * from analytics.personas order by persona").df()
    with marts(retailer) as session:
        states = session.execute(
            "select month, as_of_date, customer_id, states.persona, has_profiling_consent "
            "from customer_segments_monthly as states join dim_customers using (customer_id) where states.is_active"
        ).df()
        profiles = session.execute("select * from persona_profiles order by month, persona").df()
        history = session.execute(
            "select min(ordered_date)::timestamp from fct_orders where not is_cancelled and customer_id <> 'unknown'"
        ).fetchone()[0]
    fits = sorted(set(personas["fitted_month"]))
    ends = states.groupby("month")["as_of_date"].first()
    assert fits[0] == min(month for month, end in ends.items() if end - WINDOW >= history)
    assert sorted(set(profiles["month"])) == [month for month in ends.index if month >= fits[0]]
    assert states.loc[states["month"] < fits[0], "persona"].isna().all()

    features = ["log_purchases", "log_order_value", *MEASURES[2:]]
    for month in sorted({*fits, ends.index[-1]}):
        fit = max(earlier for earlier in fits if earlier <= month)
        current = personas[personas["fitted_month"] == fit]
        centres = current[features].to_numpy()
        deviations = current[[f"{feature}_deviation" for feature in features]].to_numpy()
        bought = bought_in_the_year_before(retailer, ends[month])
        logs = bought.assign(log_purchases=np.log(bought["purchases"]), log_order_value=np.log1p(bought["order_value"]))
        distances = (((logs[features].to_numpy()[:, None] - centres) / deviations) ** 2).sum(axis=2)
        nearest = pd.Series(distances.argmin(axis=1) + 1, bought.index)
        if month == fit:
            np.testing.assert_allclose(logs.groupby(nearest)[features].mean(), centres, atol=2e-6)

        there = states[states["month"] == month].set_index("customer_id")
        assert set(there.index) == set(nearest.index)
        consents = there["has_profiling_consent"]
        assert (there.loc[consents, "persona"] == nearest[there.index][consents]).all()
        assert there.loc[~consents, "persona"].isna().all()
        assert 0 < consents.sum() < len(there)

        shown = profiles[profiles["month"] == month].set_index("persona")
        assert shown["customers"].to_dict() == nearest.value_counts().to_dict()
        means = bought.groupby(nearest)[MEASURES].mean()
        pd.testing.assert_frame_equal(shown[MEASURES], means, check_names=False, rtol=0, atol=1e-6)
        differences = shown[[f"{measure}_difference" for measure in MEASURES]]
        np.testing.assert_allclose(differences, means - bought[MEASURES].mean(), atol=1e-6)


def test_what_the_name_of_a_persona_says_holds_of_its_customers_in_every_month(retailer: Path) -> None:
    with marts(retailer) as session:
        profiles = session.execute("select * from persona_profiles").df()
    assert len(profiles) > 10
    said = 0
    for _, profile in profiles.iterrows():
        for words in {*profile["persona_name"].partition(" (")[0].split(", ")} - {"average"}:
            measure, sign = SAID[words]
            assert profile[f"{measure}_difference"] * sign > 0, (profile["month"], profile["persona_name"])
            said += 1
    assert said > len(profiles)


def test_dim_customers_shows_the_persona_of_the_last_day_observed(retailer: Path) -> None:
    with marts(retailer) as session:
        (shown, differ) = session.execute(
            """
            select count(dim_customers.persona), count(*) filter (persona is distinct from persona_name)
            from (select customer_id, persona from dim_customers) as dim_customers
            left join (
                select customer_id, persona_name from customer_segments_monthly
                where month = (select max(month) from customer_segments_monthly)
            ) as states using (customer_id)
            """
        ).fetchone()
    assert shown > 100
    assert differ == 0


@pytest.mark.parametrize("segmentation", ["rfm", "persona"])
def test_a_quarter_moves_everybody_and_to_where_they_are(retailer: Path, segmentation: str) -> None:
    with marts(retailer) as session:
        off = session.execute(
            """
            with ends as (
                select distinct period, period_start, period_end from bridge_date_periods
                where period in ('month', 'quarter', 'year') and is_complete
            ),
            states as (
                select as_of_date, 'rfm' as segmentation, rfm_segment as segment, count(*) as customers
                from customer_segments_monthly group by all
                union all
                select as_of_date, 'persona', persona_name, customers
                from persona_profiles
                join (select distinct month, as_of_date from customer_segments_monthly) as ends_of_months using (month)
            ),
            there as (
                select period, period_start, segment, customers
                from ends
                join states on states.as_of_date = ends.period_end + 1
                where
                    segmentation = $segmentation
                    and (segmentation = 'rfm' or ends.period_start > (select min(month) from persona_profiles))
            ),
            moved as (
                select period, period_start, to_segment as segment, sum(customers) as customers
                from kpi_segment_movements
                where segmentation = $segmentation and to_segment <> 'none' and is_complete
                group by all
            )
            select count(*), count(*) filter (there.customers is distinct from moved.customers)
            from there full join moved using (period, period_start, segment)
            """,
            {"segmentation": segmentation},
        ).fetchone()
    assert off[0] > (50 if segmentation == "rfm" else 10)
    assert off[1] == 0


def test_next_categories_come_likeliest_first_and_some_categories_have_lapsed(retailer: Path) -> None:
    with marts(retailer) as session:
        rows = session.execute(
            "select customer_id, list(probability order by choice) from customer_next_category group by 1"
        ).fetchall()
        lapsed = session.execute(
            "select avg(is_lapsed::int) filter (is_active), count(*) from customer_category_lapse"
        ).fetchone()
    assert len(rows) > 100
    assert all(likely == sorted(likely, reverse=True) for _, likely in rows)
    # A tenth of those who came back took longer; of all, more have not come back at all.
    assert 0.1 < lapsed[0] < 0.9
