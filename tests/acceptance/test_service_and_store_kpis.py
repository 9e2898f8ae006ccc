"""KPIs of service, carts, stores, pressure and loyalty, each against an oracle that shares no code with the models."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import numpy as np
import pytest
from acceptance_tools import marts
from statsmodels.stats.proportion import confint_proportions_2indep

from dagster_project.settings import shipped_settings

UTC = dt.UTC
PARIS = ZoneInfo("Europe/Paris")
FRENCH_HOLIDAYS = holidays.country_holidays("FR")


def _opening_hours_between(start: dt.datetime, end: dt.datetime) -> float:
    """Day by day, on the wall clock and as real time: no cumulated calendar."""
    total = dt.timedelta()
    day = start.astimezone(PARIS).date()
    while day <= end.astimezone(PARIS).date():
        hours = shipped_settings().business.opening_hours.get(day.isoweekday())
        if hours is not None and day not in FRENCH_HOLIDAYS:
            opens, closes = (
                dt.datetime.combine(day, dt.time.fromisoformat(time), PARIS).astimezone(UTC) for time in hours
            )
            total += max(min(end, closes) - max(start, opens), dt.timedelta())
        day += dt.timedelta(days=1)
    return total.total_seconds() / 3600


def test_opening_hours_are_those_counted_day_by_day(retailer: Path) -> None:
    with marts(retailer) as session:
        tickets = session.execute(
            "select created_at, first_reply_at, solved_at, business_hours_to_first_reply, business_hours_to_resolution "
            "from fct_service_levels where solved_at is not null and first_reply_at is not null"
        ).fetchall()
    assert len(tickets) > 100
    for created_at, first_reply_at, solved_at, to_first_reply, to_resolution in tickets:
        created, replied, solved = (moment.replace(tzinfo=UTC) for moment in (created_at, first_reply_at, solved_at))
        assert to_first_reply == pytest.approx(_opening_hours_between(created, replied), abs=1e-6)
        assert to_resolution == pytest.approx(_opening_hours_between(created, solved), abs=1e-6)


def test_medians_and_percentiles_of_resolution_are_numpys(retailer: Path) -> None:
    with marts(retailer) as session:
        cells = session.execute(
            """
            select
                cells.median_hours_to_resolution,
                cells.p90_hours_to_resolution,
                list(levels.hours_to_resolution)
            from kpi_resolution_time as cells
            inner join fct_service_levels as levels
                on
                    levels.first_contact_channel = cells.first_contact_channel
                    and date_trunc('quarter', levels.created_date) = cells.period_start
            where cells.period = 'quarter' and cells.median_hours_to_resolution is not null and levels.is_resolved
            group by all
            """
        ).fetchall()
    assert len(cells) > 5
    for median, p90, hours in cells:
        assert (median, p90) == pytest.approx(tuple(np.quantile(hours, [0.5, 0.9])))


def test_the_interval_of_the_relaunch_lift_is_newcombes(retailer: Path) -> None:
    with marts(retailer) as session:
        cells = session.execute(
            "select relaunched_recovered, relaunched, held_out_recovered, held_out, relaunch_lift_low, "
            "relaunch_lift_high from kpi_cart_abandonment where relaunch_lift is not null"
        ).fetchall()
    assert len(cells) > 5
    for recovered, relaunched, held_out_recovered, held_out, low, high in cells:
        interval = confint_proportions_2indep(
            recovered, relaunched, held_out_recovered, held_out, method="newcomb", compare="diff"
        )
        assert (low, high) == pytest.approx(interval, abs=1e-4)


def test_no_day_out_of_stock_is_counted_twice(retailer: Path) -> None:
    """Each day, store and article by itself, over the months the article was counted in."""
    with marts(retailer) as session:
        found, due = session.execute(
            """
            with days as (
                select distinct outs.store_code, outs.sku, unnest(generate_series(
                    cast(outs.out_from_date as timestamp),
                    outs.out_from_date + to_days(cast(outs.days_out as integer) - 1), interval 1 day
                )) as day
                from fct_stock_outs as outs
            )
            select
                (select sum(days_observed - days_available) from kpi_stock_availability where period = 'week'),
                (
                    select count(*) from days
                    inner join dim_dates on dim_dates.date_day = cast(days.day as date) and dim_dates.is_observed
                    where (
                        select date_trunc('month', min(stock_date)) <= days.day
                        and (
                            max(stock_date) >= days.day
                            or max(stock_date) = (select max(stock_date) from fct_stock)
                        )
                        from fct_stock where fct_stock.store_code = days.store_code and fct_stock.sku = days.sku
                    )
                )
            """
        ).fetchone()
    assert found == due
    assert found > 100


@pytest.mark.parametrize(
    ("table", "rate", "numerator", "denominator"),
    [
        ("kpi_resolution_time", "first_reply_rate", "first_reply_met", "first_reply_due"),
        ("kpi_resolution_time", "resolution_rate", "resolution_met", "resolution_due"),
        ("kpi_contact_containment", "no_repeat_rate", "no_repeat", "contacts_mature"),
        ("kpi_contact_containment", "strict_rate", "satisfied_no_repeat", "surveyed"),
        ("kpi_cart_abandonment", "abandonment_rate", "abandoned", "carts_mature"),
        ("kpi_cart_abandonment", "recovery_rate", "recovered", "abandoned"),
        ("kpi_click_and_collect", "prepared_in_time_rate", "prepared_in_time", "preparation_due"),
        ("kpi_click_and_collect", "collected_rate", "picked_up", "picked_up + not_collected"),
        ("kpi_message_pressure", "above_share", "person_weeks_above", "person_weeks"),
        ("kpi_message_pressure", "unsubscribe_rate", "unsubscribed", "person_weeks"),
        ("kpi_stock_availability", "availability", "days_available", "days_observed"),
        ("kpi_loyalty", "active_rate", "active_members", "members_in_period"),
        ("kpi_loyalty_board", "revenue_share_of_members", "revenue_of_members", "revenue"),
    ],
)
def test_a_rate_is_its_quotient_and_neither_nil_nor_whole_everywhere(
    retailer: Path, table: str, rate: str, numerator: str, denominator: str
) -> None:
    with marts(retailer) as session:
        total, lowest, highest, wrong = session.execute(
            f"select sum({numerator}) / cast(sum({denominator}) as double), min({rate}), max({rate}), "
            f"count(*) filter (where abs({rate} - cast({numerator} as double) / ({denominator})) > 1e-9) "
            f"from {table} where {rate} is not null"
        ).fetchone()
    assert 0 < total < 1
    assert 0 <= lowest < highest <= 1
    assert wrong == 0
