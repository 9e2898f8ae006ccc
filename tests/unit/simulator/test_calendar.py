"""Days and clocks against Python's own calendar and time zone database."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np

from dagster_project.simulator.calendar import (
    cents_text,
    date_text,
    day_number,
    local_text,
    month_of,
    offset_text,
    to_local,
    to_utc,
    weekday,
    window_of,
    year_of,
)

PARIS = ZoneInfo("Europe/Paris")


def test_paris_wall_clock_equals_the_time_zone_database() -> None:
    rng = np.random.default_rng(1)
    instants = rng.integers(840_000_000, 2_200_000_000, 500)
    # The hours around both changes of 2026: 29 March and 25 October, 01:00 UTC.
    instants = np.r_[instants, 1_774_746_000 + np.arange(-3, 4) * 1800, 1_792_890_000 + np.arange(-3, 4) * 1800]
    clocks = [dt.datetime.fromtimestamp(int(at), PARIS).replace(tzinfo=dt.UTC) for at in instants]
    expected = [int(clock.timestamp()) for clock in clocks]
    assert to_local(instants).tolist() == expected


def test_wall_clock_times_survive_the_way_to_utc_and_back() -> None:
    days = np.arange(day_number(dt.date(2025, 1, 1)), day_number(dt.date(2026, 12, 31)))
    seconds = np.full(len(days), 12 * 3600)
    assert (to_local(to_utc(days, seconds)) == days * 86_400 + seconds).all()


def test_a_window_is_whole_months_ending_with_the_month_of_until() -> None:
    window = window_of(14, dt.date(2026, 2, 3))
    assert (window.first, window.last) == (day_number(dt.date(2025, 1, 1)), day_number(dt.date(2026, 2, 28)))
    assert len(window.month_ends()) == 14
    sundays = window.sundays()
    assert date_text(sundays[:1]).to_pylist() == ["2025-01-05"]
    assert sundays[-1] <= window.last


def test_weekday_month_and_year_equal_pythons() -> None:
    days = np.arange(-20_000, 25_000, 7)
    dates = [dt.date(1970, 1, 1) + dt.timedelta(days=int(day)) for day in days]
    assert weekday(days).tolist() == [date.isoweekday() for date in dates]
    assert month_of(days).tolist() == [date.month for date in dates]
    assert year_of(days).tolist() == [date.year for date in dates]


def test_texts_are_written_as_the_systems_write_them() -> None:
    day = np.array([day_number(dt.date(2026, 7, 4))])
    noon = to_utc(day, np.array([12 * 3600 + 61]))
    assert date_text(day, "dd/MM/yyyy").to_pylist() == ["04/07/2026"]
    assert date_text(day, "yyyyMMdd").to_pylist() == ["20260704"]
    assert offset_text(noon).to_pylist() == ["2026-07-04 12:01:01 +0200"]
    assert local_text(noon, "HH:mm").to_pylist() == ["2026-07-04 12:01"]
    assert cents_text(np.array([0, 5, -5, 123_456, -123_400])).to_pylist() == [
        "0.00",
        "0.05",
        "-0.05",
        "1234.56",
        "-1234.00",
    ]
