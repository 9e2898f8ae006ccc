"""Ad platforms (Google, Meta, LinkedIn): daily insights per campaign, each in the dialect of the platform's export.

Clicks follow the visits that really came, spend follows the clicks, and the conversions the platforms claim exceed
what they caused.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.simulator.calendar import cents_text, date_text, day_of, local_day
from dagster_project.simulator.channels.web import Sessions
from dagster_project.simulator.columns import NONE, Ints, Text, constant, joined, numbers, pick, stream
from dagster_project.simulator.marketing import CAMPAIGNS
from dagster_project.simulator.records import Scene
from dagster_project.simulator.render import Cells
from dagster_project.simulator.writers import Dialect, FileKey, Landing


@dataclass(frozen=True)
class Insights:
    """Days x campaigns: cost and claimed value in cents, claimed conversions in hundredths."""

    cost: Ints
    impressions: Ints
    clicks: Ints
    conversions: Ints
    value: Ints


def make_insights(scene: Scene, sessions: Sessions) -> Insights:
    """What the platforms report. Shape of each array: days of the window x CAMPAIGNS."""
    world, bills = scene.world, scene.sales.bills
    rng = stream(world.seed, "ads")
    window, count = world.window, len(CAMPAIGNS)
    shape = (window.days, count)
    from_ad = np.flatnonzero((sessions.campaign != NONE) & (sessions.mailing == NONE))
    cell = (local_day(sessions.at[from_ad]) - window.first) * count + sessions.campaign[from_ad]
    visits = np.bincount(cell, minlength=shape[0] * count).reshape(shape)
    clicks = visits + rng.poisson(visits * 0.15 + 0.4)
    price = np.array([campaign.cost_per_click for campaign in CAMPAIGNS]) * 100
    rate = np.array([max(campaign.click_through, 1e-3) for campaign in CAMPAIGNS])
    cost = np.rint(clicks * price * rng.gamma(60, 1 / 60, shape)).astype(np.int64)
    impressions = clicks + rng.poisson((clicks + 0.5) / rate)
    bought = from_ad[sessions.order[from_ad] != NONE]
    cell = (local_day(sessions.at[bought]) - window.first) * count + sessions.campaign[bought]
    orders = np.bincount(cell, minlength=shape[0] * count).reshape(shape)
    revenue = np.bincount(
        cell, weights=bills.total[sessions.order[bought]].astype(float), minlength=shape[0] * count
    ).reshape(shape)
    claim = 1.25 + 0.2 * rng.random(shape)
    return Insights(
        cost,
        impressions.astype(np.int64),
        clicks.astype(np.int64),
        np.rint(orders * claim * 100).astype(np.int64),
        np.rint(revenue * claim).astype(np.int64),
    )


@dataclass(frozen=True)
class _Rows:
    """The rows of one platform, by week: day number, campaign, position in the insights."""

    day: Ints
    campaign: Ints
    files: list[FileKey]
    file: Ints


def _rows_of(scene: Scene, platform: str, pattern: str) -> _Rows:
    window = scene.world.window
    own = np.array([i for i, campaign in enumerate(CAMPAIGNS) if campaign.platform == platform], dtype=np.int64)
    sundays = window.sundays()
    days = np.arange(window.first, sundays[-1] + 1 if len(sundays) else window.first, dtype=np.int64)
    day, campaign = np.repeat(days, len(own)), np.tile(own, len(days))
    return _Rows(
        day, campaign, [FileKey(pattern.format(day_of(int(d))), int(d)) for d in sundays], np.searchsorted(sundays, day)
    )


def write_ads(scene: Scene, insights: Insights, landing: Landing) -> None:
    """The weekly files of the three platforms."""
    names = pa.array([campaign.name for campaign in CAMPAIGNS])
    ids = pa.array([campaign.id for campaign in CAMPAIGNS])
    types = pa.array([campaign.kind for campaign in CAMPAIGNS])
    first = scene.world.window.first

    google = _rows_of(scene, "google", "google_ads_{}.csv")

    def google_cells(rows: Ints) -> Cells:
        day, campaign = google.day[rows], google.campaign[rows]
        at = (day - first, campaign)
        return {
            "Day": date_text(day),
            "Campaign ID": pick(ids, campaign),
            "Campaign": pick(names, campaign),
            "Campaign type": pick(types, campaign),
            "Currency code": constant("EUR", len(rows)),
            "Cost": _thousands(insights.cost[at], cents=True),
            "Impr.": _thousands(insights.impressions[at]),
            "Clicks": _thousands(insights.clicks[at]),
            "Conversions": cents_text(insights.conversions[at]),
            "Conv. value": _thousands(insights.value[at], cents=True),
        }

    def week(files: list[FileKey], number: int) -> tuple[int, int]:
        last = files[number].day
        return max(last - 6, first), last

    def google_top(number: int) -> list[str]:
        begin, end = (day_of(day) for day in week(google.files, number))
        return ["Campaign performance", f'"{begin:%B} {begin.day}, {begin.year} - {end:%B} {end.day}, {end.year}"']

    def google_total(number: int) -> list[str]:
        begin, end = week(google.files, number)
        own = [i for i, campaign in enumerate(CAMPAIGNS) if campaign.platform == "google"]
        part = np.s_[begin - first : end - first + 1, own]
        sums = (insights.cost, insights.impressions, insights.clicks)
        cost, impressions, clicks = (int(table[part].sum()) for table in sums)
        return [f'Total: Account,--,--,--,EUR,"{cost / 100:,.2f}","{impressions:,}","{clicks:,}",--,--']

    landing.write_text(
        "google_ads_insights",
        google.files,
        google.file,
        google_cells,
        Dialect(preamble=google_top, footer=google_total),
    )

    meta = _rows_of(scene, "meta", "meta_ads_{}.csv")

    def meta_cells(rows: Ints) -> Cells:
        day, campaign = meta.day[rows], meta.campaign[rows]
        at = (day - first, campaign)
        return {
            "Reporting starts": date_text(day),
            "Reporting ends": date_text(day),
            "Campaign ID": pick(ids, campaign),
            "Campaign name": pick(names, campaign),
            "Amount spent (EUR)": cents_text(insights.cost[at]),
            "Impressions": numbers(insights.impressions[at]),
            "Reach": numbers(insights.impressions[at] * 7 // 10),
            "Link clicks": numbers(insights.clicks[at]),
            "Purchases": numbers((insights.conversions[at] + 50) // 100),
            "Purchases conversion value": cents_text(insights.value[at]),
        }

    landing.write_text("meta_ads_insights", meta.files, meta.file, meta_cells, Dialect())

    linkedin = _rows_of(scene, "linkedin", "linkedin_ads_{}.csv")

    def linkedin_cells(rows: Ints) -> Cells:
        day, campaign = linkedin.day[rows], linkedin.campaign[rows]
        at = (day - first, campaign)
        return {
            "Start Date (in UTC)": date_text(day, "MM/dd/yyyy"),
            "Campaign ID": pick(ids, campaign),
            "Campaign Name": pick(names, campaign),
            "Currency": constant("EUR", len(rows)),
            "Total Spent": cents_text(insights.cost[at]),
            "Impressions": numbers(insights.impressions[at]),
            "Clicks": numbers(insights.clicks[at]),
            "Conversions": cents_text(insights.conversions[at]),
        }

    def linkedin_top(number: int) -> list[str]:
        begin, end = (day_of(day) for day in week(linkedin.files, number))
        return [
            "Campaign Performance Report",
            f"Report Start: {begin:%m/%d/%Y}, 12:00 AM",
            f"Report End: {end:%m/%d/%Y}, 11:59 PM",
        ]

    dialect = Dialect(delimiter="\t", encoding="utf-16", preamble=linkedin_top)
    landing.write_text("linkedin_ads_insights", linkedin.files, linkedin.file, linkedin_cells, dialect)


def _thousands(values: Ints, *, cents: bool = False) -> Text:
    """English numbers with thousands commas, quoted where there is one."""
    whole = values // 100 if cents else values
    high, low = whole // 1000, whole % 1000
    million, thousand = high // 1000, high % 1000
    tail = (
        joined(".", pick(pa.array([f"{i:02}" for i in range(100)]), values % 100))
        if cents
        else constant("", len(values))
    )
    three = pa.array([f"{i:03}" for i in range(1000)])
    texts = joined(numbers(whole), tail)
    comma = joined('"', numbers(high), ",", pick(three, low), tail, '"')
    commas = joined('"', numbers(million), ",", pick(three, thousand), ",", pick(three, low), tail, '"')
    texts = pc.if_else(pa.array(whole >= 1000), comma, texts)
    return pc.if_else(pa.array(whole >= 1_000_000), commas, texts)
