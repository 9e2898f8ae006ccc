"""A year of a real web shop through its contract and mappings, against the figures published beside the data."""

from __future__ import annotations

import os
import shutil
from decimal import Decimal
from pathlib import Path

import pytest
from acceptance_tools import marts

EXAMPLE = Path(__file__).parents[2] / "examples" / "online_retail"
DATA = os.environ.get("OMNIVUE_ONLINE_RETAIL")

pytestmark = pytest.mark.skipif(
    not DATA,
    reason="the data is not shipped: OMNIVUE_ONLINE_RETAIL names no uci_online_retail_2009_2010.parquet",
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, omnivue) -> Path:
    """OMNIVUE_HOME after the commands of examples/online_retail/README.md."""
    home = tmp_path_factory.mktemp("shop")
    folder = home / "landing" / "online_retail" / "2010-12-10"
    folder.mkdir(parents=True)
    shutil.copy(str(DATA), folder / "online_retail_2010-12-10.parquet")
    shutil.copy(EXAMPLE / "settings.yaml", home)
    shutil.copytree(EXAMPLE / "contracts", home / "contracts")
    omnivue("run", home=home)
    return home


def test_known_customers_and_their_sales_are_those_published_beside_the_data(shop: Path) -> None:
    with marts(shop) as session:
        lines, customers, revenue = session.execute(
            "select count(*), count(distinct customer_id), sum(gross_revenue) from fct_order_lines "
            "where customer_id <> 'unknown'"
        ).fetchone()
        (orders_revenue,) = session.execute(
            "select sum(gross_revenue) from fct_orders where customer_id <> 'unknown'"
        ).fetchone()
    assert (lines, customers) == (407_664, 4_312)
    assert round(revenue, 2) == round(orders_revenue, 2) == Decimal("8832003.27")


def test_every_line_of_the_file_is_accounted_for(shop: Path) -> None:
    """525,461 lines = 511,565 sales + 10,206 on credit notes + 3 adjustments + 3,687 without a price."""
    with marts(shop) as session:
        sales = session.execute("select count(*) from fct_order_lines").fetchone()[0]
        session.execute(f"create temp view raw as select * from '{shop}/lake/raw/online_retail/*/*/*.parquet'")
        loaded = session.execute("select count(*) from raw").fetchone()[0]
        notes = session.execute("select count(*) from raw where invoice like 'C%'").fetchone()[0]
        unpriced = session.execute("select count(*) from raw where price = 0").fetchone()[0]
        refused = session.execute(f"select count(*) from '{shop}/quarantine/online_retail.parquet'").fetchone()[0]
    assert (sales, notes, unpriced, refused) == (511_565, 10_206, 3_687, 3)
    assert loaded + refused == 525_461 == sales + notes + unpriced + refused


def test_cancellations_stand_apart_from_revenue(shop: Path) -> None:
    """Credit notes sum to -629,855.37; the one that charges (C496350, +373.57) gives nothing back."""
    with marts(shop) as session:
        notes, refund = session.execute("select count(*), sum(refund) from fct_refunds").fetchone()
        cancelled = session.execute("select count(*) from fct_orders where is_cancelled").fetchone()[0]
    assert (notes, cancelled) == (4_591, 0)
    assert round(refund, 2) == Decimal("630228.94")


def test_fees_and_postage_are_no_products(shop: Path) -> None:
    with marts(shop) as session:
        skus = session.execute("select distinct sku from fct_order_lines where not is_product order by 1").fetchall()
    assert ("POST",) in skus
    assert all(not sku[:5].isdigit() for (sku,) in skus)


def test_retention_is_counted_once_a_year_of_history_is_there(shop: Path) -> None:
    """2009-12-01 + 365 days: only December 2010 has a full year before its start, and it is not over."""
    with marts(shop) as session:
        rows = session.execute(
            "select period_start, at_start, retained, churned, is_complete, retention_rate from kpi_retention "
            "where period = 'month' and segment = 'all' and at_start is not null order by 1"
        ).fetchall()
        due = session.execute(
            "select count(distinct customer_id) from fct_orders where customer_id <> 'unknown' and not is_cancelled "
            "and ordered_date between date '2009-12-01' and date '2010-11-30'"
        ).fetchone()[0]
    assert [str(row[0]) for row in rows] == ["2010-12-01"]
    (_, at_start, retained, churned, is_complete, rate) = rows[0]
    assert at_start == due == retained + churned
    assert not is_complete
    assert rate == pytest.approx(retained / at_start)


def test_orders_are_expected_better_than_by_the_past_alone(shop: Path) -> None:
    with marts(shop) as session:
        value, baseline, served, number = session.execute(
            "select value, baseline_value, served, n from model_evaluations "
            "where model = 'paretonbd' and metric = 'rmse' and frequency_band = 'all'"
        ).fetchone()
        scored, customers, with_margin = session.execute(
            "select count(p_alive), count(*), count(clv_12m) from customer_value"
        ).fetchone()
        (buyers,) = session.execute(
            "select count(distinct customer_id) from fct_orders where customer_id <> 'unknown' and not is_cancelled"
        ).fetchone()
    assert (served, value < baseline) == ("model", True)
    assert 3_000 < number < buyers
    assert scored == customers == buyers
    # Nobody told what the goods cost; 378 orders of postage and fees alone have a margin.
    assert with_margin == 0
