"""What every suite owes its readers, and what the KPI suites catch."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from data_quality.runner import run_stage
from data_quality.suites import core, marts
from data_quality.suites.vocabulary import TableSuite

ALL = [*core.suites(), *marts.suites()]


def test_suites_have_their_own_names_and_judge_published_tables() -> None:
    assert len({suite.name for suite in ALL}) == len(ALL)
    assert all(suite.table.startswith("marts.") for suite in ALL)


@pytest.mark.parametrize("suite", ALL, ids=lambda suite: suite.name)
def test_every_expectation_says_what_it_wants_and_why(suite: TableSuite) -> None:
    built = suite.build()
    assert suite.description
    assert built.expectations
    for expectation in built.expectations:
        assert expectation.description
        assert expectation.notes
    sentences = [expectation.description for expectation in built.expectations]
    assert len(set(sentences)) == len(sentences)


# Two orders (10 and 20), one cancelled (99): each kind of period must show 2 orders and 30.
REVENUE = """
    create schema marts;
    create table marts.fct_orders as select * from (values
        ('o1', 10.00, 0.00, false), ('o2', 20.00, 0.00, false), ('o3', 99.00, 0.00, true)
    ) as orders (order_id, gross_revenue, discount, is_cancelled);
    create table marts.fct_refunds as select 'r1' as refund_id, cast(4 as decimal(18, 2)) as refund;
    create table marts.kpi_channel_revenue as select
        period, date '2026-01-01' as period_start, 'web' as sales_channel, 2 as orders, cast(30 as decimal(18, 2)) as
        gross_revenue, cast(0 as decimal(18, 2)) as discount, cast(4 as decimal(18, 2)) as refund,
        cast(26 as decimal(18, 2)) as net_revenue, 1.0 as identified_share
    from (select unnest(['week', 'month', 'quarter', 'year']) as period);
"""


def _failures(tmp_path: Path, *changes: str) -> list[str]:
    database = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(database)) as connection:
        for statement in (REVENUE, *changes):
            connection.execute(statement)
    result = run_stage("marts", [marts.kpi_channel_revenue], database, title="test")
    return [item.expectation for item in result.failures]


def test_revenue_that_adds_up_in_every_period_passes(tmp_path: Path) -> None:
    assert _failures(tmp_path) == []


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        (
            "update marts.kpi_channel_revenue set orders = 1 where period = 'week'",
            "weeks, months, quarters and years each add up to the orders",
        ),
        (
            "delete from marts.kpi_channel_revenue where period = 'month'; insert into marts.kpi_channel_revenue "
            "select * replace (1 as orders, 'month' as period) from marts.kpi_channel_revenue where period = 'year'",
            "weeks, months, quarters and years each add up to the orders",
        ),
        (
            "update marts.fct_refunds set refund = 5",
            "weeks, months, quarters and years each add up to the refunds",
        ),
        (
            "update marts.kpi_channel_revenue set net_revenue = 25 where period = 'year'",
            "net_revenue = gross_revenue - discount - refund",
        ),
        (
            "insert into marts.kpi_channel_revenue select * replace (0 as orders, 0 as gross_revenue, 0 as refund, "
            "0 as net_revenue) from marts.kpi_channel_revenue where period = 'year'",
            "period, period_start, sales_channel identifies a row",
        ),
    ],
    ids=["an order lost in weeks", "an order lost in months", "a refund lost", "money lost", "a cell twice"],
)
def test_whatever_is_lost_on_the_way_to_a_report_fails_it(tmp_path: Path, change: str, broken: str) -> None:
    assert _failures(tmp_path, change) == [broken]


def test_a_kind_of_period_that_is_missing_altogether_fails(tmp_path: Path) -> None:
    assert _failures(tmp_path, "delete from marts.kpi_channel_revenue where period = 'month'") == [
        "weeks, months, quarters and years each add up to the orders",
        "weeks, months, quarters and years each add up to the refunds",
    ]
