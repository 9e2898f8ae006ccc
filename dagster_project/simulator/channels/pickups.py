"""Click and collect as the stores' app keeps it (CSV): when an order was prepared, picked up, or put back on the shelf.

A pick-up is exported in the week it was prepared and again in the week it ended.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dagster_project.simulator.calendar import DAY, day_of, local_day, local_text, to_local, to_utc, week_end, weekday
from dagster_project.simulator.channels.shop import order_names
from dagster_project.simulator.columns import Ints, blank, joined, numbers, pick, stream
from dagster_project.simulator.places import store_codes
from dagster_project.simulator.records import Scene
from dagster_project.simulator.render import Cells
from dagster_project.simulator.sales import COLLECT, LATER
from dagster_project.simulator.writers import Dialect, FileKey, Landing

KEPT_DAYS = 10  # a parcel nobody fetches is put back after these days
PUT_BACK_SHARE = 0.6  # of the collected orders refunded in full: they were never fetched
_STATUS = pa.array(["ready", "picked_up", "put_back"])


def write_pickups(scene: Scene, landing: Landing) -> None:
    """retraits_YYYY-MM-DD.csv, weekly."""
    world, bills = scene.world, scene.sales.bills
    rng = stream(world.seed, "pickups")
    order = np.flatnonzero(bills.is_shop & (bills.delivery == COLLECT) & (bills.fulfilled_at < LATER))
    prepared_at = _in_staff_hours(rng, bills.fulfilled_at[order])
    in_full = (bills.refunded_at[order] < LATER) & (bills.refund[order] == bills.total[order])
    is_put_back = in_full & (rng.random(len(order)) < PUT_BACK_SHARE)
    day = local_day(prepared_at) + 1 + np.minimum(rng.geometric(0.5, len(order)) - 1, KEPT_DAYS - 3)
    day = np.where(is_put_back, local_day(prepared_at) + KEPT_DAYS, day)
    day = day + (weekday(day) == 7)
    ended_at = to_utc(day, rng.integers(10 * 3600, 19 * 3600, len(order)))
    # Who gave something back had fetched it before.
    given_back_at = np.maximum(bills.refunded_at[order] - DAY, prepared_at + 1800)
    ended_at = np.where(is_put_back, ended_at, np.minimum(ended_at, given_back_at))

    sundays = world.window.sundays()
    weeks = [week_end(local_day(moment)) for moment in (prepared_at, ended_at)]
    row = np.r_[np.arange(len(order), dtype=np.int64), np.flatnonzero(weeks[0] != weeks[1])]
    sunday: Ints = np.r_[weeks[0], weeks[1][weeks[0] != weeks[1]]]
    kept = np.flatnonzero(sunday <= world.window.last)
    kept = kept[np.lexsort((row[kept], sunday[kept]))]
    row, sunday = row[kept], sunday[kept]
    file: Ints = np.searchsorted(sundays, sunday)
    files = [FileKey(f"retraits_{day_of(int(d))}.csv", int(d)) for d in sundays]

    def cells(rows: Ints) -> Cells:
        which = row[rows]
        has_ended = week_end(local_day(ended_at[which])) <= sunday[rows]
        status = np.where(has_ended, np.where(is_put_back[which], 2, 1), 0)
        return {
            "pickup_id": joined("RTR-", numbers(100_000 + which)),
            "order_reference": order_names(bills.number[order[which]]),
            "store_code": pick(store_codes(), bills.store[order[which]]),
            "status": pick(_STATUS, status),
            "prepared_at": local_text(prepared_at[which]),
            "picked_up_at": blank(local_text(ended_at[which]), status != 1),
            "put_back_at": blank(local_text(ended_at[which]), status != 2),
        }

    # A defect may not silence an end: only rows that a later week repeats may carry one.
    last = np.zeros(len(order), dtype=np.int64)
    np.maximum.at(last, row, sunday)
    landing.write_text("store_pickups", files, file, cells, Dialect(), sunday < last[row])


def _in_staff_hours(rng: np.random.Generator, at: Ints) -> Ints:
    """Instants moved to when somebody is in the store to prepare a parcel: Monday to Saturday, 8:00 to 19:00."""
    day, second = local_day(at), to_local(at) % DAY
    late, early = second >= 19 * 3600, second < 8 * 3600
    day = day + late
    is_sunday = weekday(day) == 7
    morning = to_utc(day + is_sunday, 8 * 3600 + rng.integers(0, 7200, len(at)))
    return np.where(late | early | is_sunday, morning, at)
