"""Days out of stock as the stores' stock system reports them (CSV): one row per store, article and spell.

A spell that is open at a month's end is in that month's file without its end, and again in the month it ends. Nothing
out of stock is sold, and the stock of a month's end (`reference`) is nought within a spell and above nought outside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagster_project.simulator.behaviour import STORE
from dagster_project.simulator.calendar import Window, date_text, day_of, local_day
from dagster_project.simulator.catalogue import PRODUCTS, catalogue
from dagster_project.simulator.columns import Flags, Ints, Table, blank, pick, stream
from dagster_project.simulator.places import store_codes, stores
from dagster_project.simulator.records import Scene
from dagster_project.simulator.render import Cells
from dagster_project.simulator.writers import Dialect, FileKey, Landing

SPELLS_A_YEAR = 2.4  # wished for per store and article; those that meet a sale or a stocked month's end are not had
MEAN_DAYS = 5.0
LONGEST_DAYS = 28


@dataclass(frozen=True)
class Spells(Table):
    """One row per spell out of stock, sorted by cell and day. `cell`: store x PRODUCTS + product; `back_on`: the first
    day with stock again, behind the window when still out.
    """

    cell: Ints
    out_since: Ints
    back_on: Ints


def make_spells(scene: Scene, quantity: Ints) -> Spells:
    """Every spell of the window. `quantity`: stock of the month ends, shape months x stores x products."""
    world = scene.world
    window = world.window
    rng = stream(world.seed, "stock outs")
    cells, days = len(stores()) * PRODUCTS, window.days
    may_be_out = ~_sold_days(scene, window)
    ends = window.month_ends() - window.first
    at_end = quantity.reshape(len(ends), cells).T
    may_be_out[:, ends] = at_end == 0  # what the month's end says holds, sold out that day or not
    is_out = np.zeros((cells, days), dtype=np.bool_)
    length = np.minimum(rng.geometric(1 / MEAN_DAYS, (cells, len(ends))), LONGEST_DAYS)
    wished, day = _wishes(rng, cells, days)
    cell_of_end, month = np.nonzero(at_end == 0)
    begin = ends[month] - rng.integers(0, length[cell_of_end, month])
    cell = np.r_[cell_of_end, wished]
    begin = np.r_[begin, day]
    size = np.r_[length[cell_of_end, month], np.minimum(rng.geometric(1 / MEAN_DAYS, len(wished)), LONGEST_DAYS)]
    anchor = np.r_[ends[month], day]
    # Day by day away from its anchor, a spell goes on until a sale or a stocked month's end.
    for direction in (1, -1):
        alive = np.ones(len(cell), dtype=np.bool_)
        for step in range(LONGEST_DAYS):
            at = anchor + direction * step
            alive &= (at >= begin) & (at < begin + size) & (at >= 0) & (at < days)
            alive &= may_be_out[cell, np.clip(at, 0, days - 1)]
            is_out[cell[alive], at[alive]] = True
    return _runs_of(is_out, window)


def _sold_days(scene: Scene, window: Window) -> Flags:
    """Whether a store sold an article on a day. Shape: cells x days."""
    bills, lines, orders = scene.sales.bills, scene.sales.lines, scene.world.orders
    row = np.flatnonzero(orders.channel[lines.order] == STORE)
    order = lines.order[row]
    sold = np.zeros((len(stores()) * PRODUCTS, window.days), dtype=np.bool_)
    sold[bills.store[order] * PRODUCTS + lines.product[row], local_day(orders.at[order]) - window.first] = True
    return sold


def _wishes(rng: np.random.Generator, cells: int, days: int) -> tuple[Ints, Ints]:
    """(cell, day) of spells that may begin."""
    counts = rng.poisson(SPELLS_A_YEAR * days / 365, cells)
    cell = np.repeat(np.arange(cells, dtype=np.int64), counts)
    return cell, rng.integers(0, days, len(cell))


def _runs_of(is_out: Flags, window: Window) -> Spells:
    padded_days = np.pad(is_out, ((0, 0), (1, 1))).astype(np.int8)
    change = np.diff(padded_days, axis=1)
    cell, begin = np.nonzero(change == 1)
    _, end = np.nonzero(change == -1)
    return Spells(cell.astype(np.int64), window.first + begin, window.first + end)


def write_stock_outs(scene: Scene, spells: Spells, landing: Landing) -> None:
    """ruptures_YYYY-MM-DD.csv, monthly: spells that began or ended in the month."""
    window = scene.world.window
    ends = window.month_ends()
    began, ended = np.searchsorted(ends, spells.out_since), np.searchsorted(ends, spells.back_on)
    later = np.flatnonzero((ended > began) & (ended < len(ends)))
    row, file = np.r_[np.arange(len(spells)), later], np.r_[began, ended[later]]
    order = np.lexsort((spells.out_since[row], spells.cell[row], file))
    row, file = row[order], file[order]
    files = [FileKey(f"ruptures_{day_of(int(end))}.csv", int(end)) for end in ends]

    def cells(rows: Ints) -> Cells:
        which = row[rows]
        cell, back = spells.cell[which], spells.back_on[which]
        is_open = ended[which] > file[rows]
        return {
            "store_code": pick(store_codes(), cell // PRODUCTS),
            "sku": pick(catalogue().sku, cell % PRODUCTS),
            "out_since": date_text(spells.out_since[which]),
            "back_on": blank(date_text(back), is_open),
        }

    last = np.zeros(len(spells), dtype=np.int64)
    np.maximum.at(last, row, file)
    landing.write_text("stock_outs", files, file, cells, Dialect(), file < last[row])
