"""Days, weeks, months and the clock of Paris, vectorised.

Instants are UTC seconds since 1970 (int64); days are days since 1970-01-01 in business time. Europe has changed its
clocks on the last Sundays of March and October at 01:00 UTC since 1996, which is all the simulator needs.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from dagster_project.simulator.columns import Flags, Ints, Text, joined, numbers, padded, pick

DAY = 86_400
_EPOCH = date(1970, 1, 1)
_FIRST, LAST_DAY = (date(1905, 1, 1) - _EPOCH).days, (date(2040, 12, 30) - _EPOCH).days


def day_number(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - _EPOCH).days


def day_of(number: int) -> date:
    """The date of a day number."""
    return _EPOCH + timedelta(days=int(number))


@dataclass(frozen=True)
class Window:
    """The observed business days, first to last, both included."""

    first: int
    last: int

    @property
    def days(self) -> int:
        return self.last - self.first + 1

    @property
    def start(self) -> int:
        """The first instant (UTC seconds)."""
        return int(to_utc(np.array([self.first]), np.array([0]))[0])

    @property
    def end(self) -> int:
        """The first instant after the window (UTC seconds)."""
        return int(to_utc(np.array([self.last + 1]), np.array([0]))[0])

    def every_day(self) -> Ints:
        return np.arange(self.first, self.last + 1, dtype=np.int64)

    def sundays(self) -> Ints:
        """Week ends inside the window; a week cut off at the end is delivered after it, so not at all."""
        days = self.every_day()
        ends: Ints = days[weekday(days) == 7]
        return ends

    def month_ends(self) -> Ints:
        days = self.every_day()
        months = days.astype("datetime64[D]").astype("datetime64[M]")
        following = (days + 1).astype("datetime64[D]").astype("datetime64[M]")
        ends: Ints = days[months != following]
        return ends


def window_of(months: int, until: date) -> Window:
    """The `months` calendar months that end with the month of `until`."""
    year, month = divmod(until.year * 12 + until.month, 12)  # the month after `until`, from 0
    last = date(year, month + 1, 1) - timedelta(days=1)
    year, month = divmod(until.year * 12 + until.month - months, 12)
    return Window(day_number(date(year, month + 1, 1)), day_number(last))


def weekday(days: Ints) -> Ints:
    """ISO weekday, Monday 1 to Sunday 7."""
    return (days + 3) % 7 + 1


def month_of(days: Ints) -> Ints:
    """Month of the year, 1 to 12."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1


def year_of(days: Ints) -> Ints:
    """Calendar year."""
    return days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970


def week_end(days: Ints) -> Ints:
    """The Sunday of each day's ISO week."""
    return days + 7 - weekday(days)


@functools.cache
def _clock_changes() -> Ints:
    """Instants at which summer time begins and ends, alternately, 1996 to 2040."""
    changes = []
    for year in range(1996, 2041):
        for month in (3, 10):
            last = np.array([day_number(date(year, month, 31))])
            changes.append(int(last[0] - weekday(last)[0] % 7) * DAY + 3600)
    return np.array(changes, dtype=np.int64)


def is_summer(at: Ints) -> Flags:
    """Whether Paris is two hours ahead of UTC at an instant."""
    summer: Flags = np.searchsorted(_clock_changes(), at, side="right") % 2 == 1
    return summer


def to_local(at: Ints) -> Ints:
    """Paris wall clock, as seconds since 1970-01-01 00:00 of that clock."""
    return at + 3600 + 3600 * is_summer(at)


def to_utc(days: Ints, seconds: Ints) -> Ints:
    """The instant of a wall-clock time in Paris; in the repeated hour of October the earlier one."""
    local = days * DAY + seconds
    summer = local - 7200
    return np.where(is_summer(summer), summer, local - 3600)


def local_day(at: Ints) -> Ints:
    """The business day of each instant."""
    return to_local(at) // DAY


@functools.cache
def _days_as(pattern: str) -> Text:
    """Every day from 1905 to 2040 as text."""
    iso = np.datetime_as_string(np.arange(_FIRST, LAST_DAY + 2).astype("datetime64[D]"))
    parts = {"yyyy": [text[:4] for text in iso], "MM": [text[5:7] for text in iso], "dd": [text[8:] for text in iso]}
    out = [""] * len(iso)
    for token in pattern.replace("yyyy", "|yyyy|").replace("MM", "|MM|").replace("dd", "|dd|").split("|"):
        column = parts.get(token)
        out = [text + (column[row] if column else token) for row, text in enumerate(out)]
    return pa.array(out)


@functools.cache
def _seconds_as(pattern: str) -> Text:
    """Every second of a day as HH:mm:ss or HH:mm."""
    size = 8 if pattern == "HH:mm:ss" else 5
    return pa.array([f"{s // 3600:02}:{s // 60 % 60:02}:{s % 60:02}"[:size] for s in range(DAY)])


def date_text(days: Ints, pattern: str = "yyyy-MM-dd") -> Text:
    """Dates as text; NONE (-1) is an ordinary day here, so mask missing dates outside."""
    return pick(_days_as(pattern), days - _FIRST)


def time_text(seconds: Ints, pattern: str = "HH:mm:ss") -> Text:
    """Seconds of the day as text."""
    return pick(_seconds_as(pattern), seconds)


def utc_text(at: Ints) -> Text:
    """ISO 8601 with Z: 2026-01-31T09:15:00Z."""
    return joined(date_text(at // DAY), "T", time_text(at % DAY), "Z")


def local_text(at: Ints, pattern: str = "HH:mm:ss") -> Text:
    """Paris wall clock without offset: 2026-01-31 10:15:00."""
    local = to_local(at)
    return joined(date_text(local // DAY), " ", time_text(local % DAY, pattern))


def offset_text(at: Ints) -> Text:
    """Paris wall clock with offset, as Shopify writes it: 2026-01-31 10:15:00 +0100."""
    return joined(local_text(at), pick(pa.array([" +0100", " +0200"]), is_summer(at).astype(np.int64)))


def cents_text(cents: Ints, mark: str = ".") -> Text:
    """Amounts in cents as decimals with two digits."""
    size = np.abs(cents)
    sign = pick(pa.array(["", "-"]), (cents < 0).astype(np.int64))
    return joined(sign, numbers(size // 100), mark, padded(size % 100, 2))
