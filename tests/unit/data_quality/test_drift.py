"""What is measured of a table, worked by hand, and when a release is unlike those before it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from data_quality.drift import Limits, Subject, judge, mart_subject, measure
from data_quality.runner import run_stage
from data_quality.suites.marts import data_profile

LIMITS = Limits(releases=3, kept_releases=5, days=28, min_rows=10, volume=0.3, null_share=0.05, mean=0.5, mix=0.1)
DAY = dt.date(2026, 10, 31)
Measured = tuple[str, str | None, str, str | None, float | None]


@pytest.fixture
def session() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute(
            """
            create table marts.fct_orders
                (order_id varchar, ordered_at timestamp, channel varchar, revenue decimal(9, 2), tags varchar[]);
            insert into marts.fct_orders values
                ('a', '2026-10-31 23:00:00', 'web', 10.00, null),
                ('b', '2026-10-04 00:00:00', 'store', 30.00, ['x']),
                ('c', '2026-10-20 00:00:00', null, null, null),
                ('d', '2026-10-21 00:00:00', 'web', 20.00, null),
                ('e', '2026-10-03 23:59:59', 'phone', 999.00, null), -- the 29th day before
                ('f', '2026-11-01 00:00:00', 'phone', 999.00, null); -- not observed yet
            """
        )
        yield connection


def test_a_fact_is_measured_over_its_last_days(session: duckdb.DuckDBPyConnection) -> None:
    """By hand: rows a, b, c, d; revenue 10, 30, 20: mean 20, variance (100 + 100 + 0) / 3."""
    subject = mart_subject(session, "marts.fct_orders")
    assert subject.day == "ordered_at"
    session.execute("create table marts.dim_first as select 1 as one")
    measured = measure(session, [subject, Subject("marts.dim_first")], through=DAY, days=28)
    assert ("marts.dim_first", None, "rows", None, 1) in measured
    found = {tuple(row[1:4]): row[4] for row in measured if row[0] == "marts.fct_orders"}
    assert found[(None, "rows", None)] == 4
    assert found[("order_id", "null_share", None)] == 0
    assert found[("channel", "null_share", None)] == 0.25
    assert found[("tags", "null_share", None)] == 0.75
    assert found[("revenue", "mean", None)] == pytest.approx(20)
    assert found[("revenue", "standard_deviation", None)] == pytest.approx((200 / 3) ** 0.5)
    assert {key[2]: value for key, value in found.items() if key[:2] == ("channel", "share")} == pytest.approx(
        {"web": 2 / 3, "store": 1 / 3}
    )


def test_rows_in_another_order_have_the_same_profile(session: duckdb.DuckDBPyConnection) -> None:
    """Doubles added up in another order differ in their last digits."""
    values = "select sin(i) as wave, 1e6 * cos(i) + 0.1 as share from range(5000) t(i)"
    profiles = []
    for order in ("i", "i desc", "hash(i)"):
        session.execute(f"create or replace table marts.dim_waves as {values} order by {order}")
        means = session.execute("select avg(wave), avg(share) from marts.dim_waves").fetchone()
        profiles.append((means, measure(session, [Subject("marts.dim_waves")], through=DAY, days=28)))
    assert len({means for means, _ in profiles}) > 1
    assert all(found == profiles[0][1] for _, found in profiles)


def test_values_are_told_of_the_columns_named_alone(session: duckdb.DuckDBPyConnection) -> None:
    subject = Subject("marts.fct_orders", None, frozenset({"revenue"}))
    found = measure(session, [subject], through=DAY, days=28)
    assert {(column, metric) for _, column, metric, *_ in found if metric not in ("rows", "null_share")} == {
        ("revenue", "mean"),
        ("revenue", "standard_deviation"),
    }
    assert ("marts.fct_orders", None, "rows", None, 6) in found


def test_a_text_of_many_kinds_is_no_category(session: duckdb.DuckDBPyConnection) -> None:
    session.execute(
        "create table marts.dim_x as select 'kind ' || i as kind, i % 20 = 0 as category from range(21) t(i)"
    )
    found = measure(session, [Subject("marts.dim_x")], through=DAY, days=28)
    assert {(column, category) for _, column, metric, category, _ in found if metric == "share"} == {
        ("category", "true"),
        ("category", "false"),
    }


def test_an_empty_table_has_no_rows_and_nothing_else(session: duckdb.DuckDBPyConnection) -> None:
    session.execute("create table marts.dim_x (name varchar, size int)")
    assert measure(session, [Subject("marts.dim_x")], through=DAY, days=28) == [("marts.dim_x", None, "rows", None, 0)]


def _release(
    rows: float = 100, null_share: float = 0.1, mean: float = 50, web: float = 0.6, deviation: float = 10
) -> list[Measured]:
    table = "marts.fct_orders"
    return [
        (table, None, "rows", None, rows),
        (table, "revenue", "null_share", None, null_share),
        (table, "revenue", "mean", None, mean),
        (table, "revenue", "standard_deviation", None, deviation),
        (table, "channel", "share", "web", web),
        (table, "channel", "share", "store", 1 - web),
    ]


def _history(*releases: list[Measured]) -> pa.Table:
    """Releases of the days before DAY, oldest first."""
    history = None
    for number, release in enumerate(releases, start=1):
        day = DAY - dt.timedelta(days=len(releases) - number + 1)
        history = judge(release, history, release_id=f"{number:06}-{day}", data_through=day, limits=LIMITS)
    return history


def _judged(now: list[Measured], history: pa.Table | None) -> dict[str, tuple[float | None, float | None, bool]]:
    """By metric: value, expected, is_drift. Of the shares the web's."""
    rows = judge(now, history, release_id="000099-now", data_through=DAY, limits=LIMITS).to_pylist()
    return {
        row["metric"]: (row["value"], row["expected"], row["is_drift"])
        for row in rows
        if row["release_id"] == "000099-now" and row["category"] != "store"
    }


def test_the_first_release_has_nothing_to_be_unlike() -> None:
    judged = _judged(_release(), None)
    assert {expected for _, expected, _ in judged.values()} == {None}
    assert not any(is_drift for *_, is_drift in judged.values())


def test_numbers_stand_beside_the_median_of_the_last_releases() -> None:
    """Of rows 1000, 90, 100, 110 the last three count: median 100."""
    history = _history(_release(rows=1000), _release(rows=90), _release(rows=110), _release(rows=100))
    assert _judged(_release(rows=101), history)["rows"] == (101, 100, False)


@pytest.mark.parametrize(
    ("now", "drifted"),
    [
        ({}, set()),
        ({"rows": 131}, {"rows"}),
        ({"rows": 129}, set()),
        ({"rows": 69}, {"rows"}),
        ({"rows": 71}, set()),
        ({"null_share": 0.16}, {"null_share"}),
        ({"null_share": 0.04}, {"null_share"}),
        ({"null_share": 0.14}, set()),
        ({"mean": 56}, {"mean"}),  # more than half of the ten that revenue deviates
        ({"mean": 44}, {"mean"}),
        ({"mean": 54}, set()),
        ({"web": 0.71}, {"mix"}),
        ({"web": 0.49}, {"mix"}),
        ({"web": 0.69}, set()),
    ],
)
def test_a_number_beyond_its_limit_has_drifted(now: dict[str, float], drifted: set[str]) -> None:
    judged = _judged(_release(**now), _history(_release(), _release()))
    assert {metric for metric, (*_, is_drift) in judged.items() if is_drift} == drifted


def test_categories_that_come_and_go_are_a_part_of_the_mix() -> None:
    """By hand: web .6, store .4 before; web .6, phone .4 now: half of |0| + |.4| + |.4|."""
    now = [(*row[:3], "phone", row[4]) if row[3] == "store" else row for row in _release()]
    assert _judged(now, _history(_release()))["mix"] == (pytest.approx(0.4), 0, True)


def test_few_rows_prove_nothing_but_that_they_are_few() -> None:
    small = _history(_release(rows=9))
    judged = _judged(_release(rows=5, mean=500, web=0.1), small)
    assert not any(is_drift for *_, is_drift in judged.values())
    emptied = _judged([("marts.fct_orders", None, "rows", None, 0)], _history(_release()))
    assert emptied["rows"] == (0, 100, True)


def test_a_day_built_twice_counts_once() -> None:
    """Three rebuilds of a night that lost half its rows do not make the loss usual."""
    history = _history(_release(rows=100), _release(rows=100))
    day = DAY - dt.timedelta(days=1)
    for number in range(3, 6):
        history = judge(_release(rows=50), history, release_id=f"{number:06}-{day}", data_through=day, limits=LIMITS)
    assert _judged(_release(rows=100), history)["rows"] == (100, 75, True)
    assert _judged(_release(rows=90), history)["rows"] == (90, 75, False)


def test_the_history_keeps_so_many_releases_and_what_they_said() -> None:
    releases = [_release(rows=100 + number) for number in range(8)]
    kept = _history(*releases).filter(pa.compute.field("metric") == "rows")
    assert kept["value"].to_pylist() == [103, 104, 105, 106, 107]
    again = judge(releases[-1], _history(*releases), release_id="000008-2026-10-30", data_through=DAY, limits=LIMITS)
    assert len(set(again["release_id"].to_pylist())) == 5


def test_the_gate_shows_the_rows_that_drifted_and_no_other(tmp_path: Path) -> None:
    now = judge(_release(mean=56), _history(_release()), release_id="2", data_through=DAY, limits=LIMITS)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("create schema marts")
        connection.register("profile", now)
        connection.execute("create table marts.data_profile as from profile")
        connection.execute("create table marts.release_info as select '2' as release_id")
    found = run_stage("marts", [data_profile], tmp_path / "warehouse.duckdb", title="2")
    assert found.passed
    (warned,) = found.warnings
    (row,) = map(json.loads, warned.failing_rows)
    assert warned.expectation.startswith("means are")
    assert (row["release_id"], row["column_name"], row["metric"], row["value"]) == ("2", "revenue", "mean", 56)
