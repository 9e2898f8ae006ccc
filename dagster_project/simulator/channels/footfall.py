"""People counters at the doors (one semicolon file a month): entries per store and opening hour.

Whoever buys has come in, and so has whoever buys nothing: each store turns its own share of visitors into buyers.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from dagster_project.simulator.calendar import DAY, date_text, day_of, local_day, to_local, weekday
from dagster_project.simulator.channels.pos import Tickets
from dagster_project.simulator.columns import Floats, Ints, blank, choose, numbers, padded, pick, runs, stream
from dagster_project.simulator.places import store_codes, stores
from dagster_project.simulator.records import Scene
from dagster_project.simulator.render import Cells
from dagster_project.simulator.writers import Dialect, FileKey, Landing

OPENS, CLOSES = 10, 19  # first and last hour of a day's rows
CONVERSION = (0.18, 0.32)  # lowest and highest share of visitors who buy, by store
SAME_DAY_SHARE = 0.55  # of the visitors who buy nothing: they follow the day, the others the weekday of the season
OUTAGE_SHARE = 0.004  # of the days of a store: the counter was down


def conversion_of_stores(seed: int) -> Floats:
    """Tickets per entry each store is planned with, 0..1. Shape: one per store."""
    low, high = CONVERSION
    return stream(seed, "store conversion").uniform(low, high, len(stores()))


def write_footfall(scene: Scene, tickets: Tickets, landing: Landing) -> None:
    """comptage_YYYY-MM-DD.csv, monthly: one row per store, day but Sunday, and hour."""
    window = scene.world.window
    rng = stream(scene.world.seed, "footfall")
    sold = tickets.take(tickets.kind == 0)
    conversion = conversion_of_stores(scene.world.seed)
    idle, _ = runs(rng.poisson(1 / conversion[sold.store] - 1))
    walks = rng.random(len(idle)) >= SAME_DAY_SHARE
    weeks = np.where(walks, rng.integers(-4, 5, len(idle)), 0)
    # A buyer comes in some minutes before the till rings; who buys nothing comes and goes at any time around.
    bought_at = to_local(sold.at - rng.integers(240, 2400, len(sold)))
    looked_at = to_local(sold.at)[idle] + rng.integers(-5400, 5400, len(idle)) + weeks * 7 * DAY
    at, store = np.r_[bought_at, looked_at], np.r_[sold.store, sold.store[idle]]
    hour = np.clip(at % DAY // 3600, OPENS, CLOSES)
    day = at // DAY
    day = np.where((day < window.first) | (day > window.last), np.r_[local_day(sold.at), local_day(sold.at)[idle]], day)

    days = window.every_day()
    days = days[weekday(days) < 7]
    hours, size = CLOSES - OPENS + 1, len(stores())
    shape = (len(days), size, hours)
    cell = (np.searchsorted(days, day) * size + store) * hours + hour - OPENS
    is_open = weekday(day) < 7
    entries = np.bincount(cell[is_open], minlength=len(days) * size * hours)
    is_down = np.repeat(rng.random((len(days), size)) < OUTAGE_SHARE, hours)
    exits = _exits(entries.reshape(shape), rng).ravel()
    row_day, row_store, row_hour = (index.ravel() for index in np.indices(shape))
    ends = window.month_ends()
    files = [FileKey(f"comptage_{day_of(int(end))}.csv", int(end)) for end in ends]

    def cells(rows: Ints) -> Cells:
        return {
            "magasin": pick(store_codes(), row_store[rows]),
            "date": date_text(days[row_day[rows]], "dd/MM/yyyy"),
            "heure": padded(row_hour[rows] + OPENS, 2),
            "entrees": blank(numbers(entries[rows]), is_down[rows]),
            "sorties": blank(numbers(exits[rows]), is_down[rows]),
            "etat": choose(is_down[rows], "PANNE", "OK"),
        }

    landing.write_text("store_footfall", files, np.searchsorted(ends, days[row_day]), cells, Dialect(delimiter=";"))


def _exits(entries: Ints, rng: np.random.Generator) -> Ints:
    """Everybody who came in goes out by closing time, a third of them in the hour after. Shape: that of `entries`."""
    stays = rng.binomial(entries, 0.33)
    stays[..., -1] = 0
    exits: Ints = entries - stays
    exits[..., 1:] += stays[..., :-1]
    return exits


def truth_of_stores(seed: int) -> pd.DataFrame:
    """One row per store: the share of visitors planned to buy."""
    return pd.DataFrame(
        {"store_code": store_codes().to_pandas(), "conversion": np.round(conversion_of_stores(seed), 6)}
    )
