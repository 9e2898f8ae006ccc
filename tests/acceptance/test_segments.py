"""Segments as published. Oracle: the purchases of the marts, scored again in pandas."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from acceptance_tools import marts

WINDOW = pd.Timedelta(days=365)


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


def test_a_quarter_moves_everybody_and_to_where_they_are(retailer: Path) -> None:
    with marts(retailer) as session:
        off = session.execute(
            """
            with ends as (
                select distinct period, period_start, period_end from bridge_date_periods
                where period in ('month', 'quarter', 'year') and is_complete
            ),
            there as (
                select ends.period, ends.period_start, segments.rfm_segment as segment, count(*) as customers
                from ends
                join customer_segments_monthly as segments on segments.as_of_date = ends.period_end + 1
                group by all
            ),
            moved as (
                select period, period_start, to_segment as segment, sum(customers) as customers
                from kpi_segment_movements where segmentation = 'rfm' and is_complete group by all
            )
            select count(*), count(*) filter (there.customers is distinct from moved.customers)
            from there full join moved using (period, period_start, segment)
            """
        ).fetchone()
    assert off[0] > 50
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
