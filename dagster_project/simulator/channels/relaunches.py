"""Relaunches of abandoned checkouts as the automation tool exports them (CSV): each checkout taken in, held out or not,
and what became of its message.

The trial is planted. Who is held out is drawn by chance such that a checkout relaunched is recovered FACTOR times as
often as one held out, within each channel and each third of buyers. Its orders are those of the world: each
keeps the cause it was born of (`orders.parquet`), and some of them would not have come without the relaunch besides.
With p the share recovered and q the share relaunched of such a group, p0 = p / (1 - q + FACTOR q) is the recovery of
the held out, so by Bayes P(relaunched | recovered) = FACTOR q / (1 - q + FACTOR q) and
P(relaunched | not) = q (1 - FACTOR p0) / (1 - p): the joint law of a randomised trial with that effect.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.simulator.behaviour import PHONE_ORDER, STORE, World
from dagster_project.simulator.calendar import DAY, day_of, local_day, utc_text
from dagster_project.simulator.channels.shop import Checkouts
from dagster_project.simulator.columns import (
    NONE,
    Flags,
    Floats,
    Ints,
    Table,
    blank,
    choose,
    joined,
    numbers,
    padded,
    pick,
    stream,
)
from dagster_project.simulator.people import person_ids
from dagster_project.simulator.records import Scene
from dagster_project.simulator.render import Cells
from dagster_project.simulator.sales import LATER
from dagster_project.simulator.writers import Dialect, FileKey, Landing

CHANNELS = ("email", "sms", "push")
RELAUNCHED_SHARE, FACTOR = 0.5, 2.0
WAIT_SECONDS, RECOVERY_DAYS, REST_DAYS = DAY, 7, 30
EXPERIMENT = "REL-PANIER-01"


@dataclass(frozen=True)
class Relaunches(Table):
    """One row per checkout taken in, sorted by time. `order`: first order from the relaunch's instant to the end of
    the recovery window, NONE without; `is_caused`: that order came because of the relaunch.
    """

    number: Ints
    person: Ints
    at: Ints
    channel: Ints
    group: Ints
    order: Ints
    is_relaunched: Flags
    is_caused: Flags
    opened_at: Ints
    clicked_at: Ints


def make_relaunches(scene: Scene, checkouts: Checkouts) -> Relaunches:
    """Checkouts a day old without an order in the shop, of people who take messages, at most one in thirty days."""
    world, people = scene.world, scene.world.people
    rng = stream(world.seed, "relaunches")
    valid = scene.sales.bills.cancelled_at == LATER
    # The tool sees the shop's orders; what counts as recovered is an order in any channel.
    in_shop = valid & (world.orders.channel != STORE) & (world.orders.channel <= PHONE_ORDER)
    soon = _first_order(world, in_shop, checkouts.person, checkouts.at, checkouts.at + WAIT_SECONDS)
    person, at = checkouts.person, checkouts.at + WAIT_SECONDS
    open_channels = np.column_stack(
        [
            people.takes_email[person],
            people.takes_sms[person] & people.has_mobile[person],
            people.takes_push[person] & people.has_account[person],
        ]
    )
    weight = open_channels * np.array([0.6, 0.25, 0.15])
    edges = np.cumsum(weight, axis=1)
    channel = (rng.random(len(person))[:, None] * edges[:, -1:] >= edges).sum(axis=1)
    taken = (soon == NONE) & open_channels.any(axis=1) & (at + RECOVERY_DAYS * DAY < world.window.end)
    taken &= _rested(person, at, taken)
    rows = np.flatnonzero(taken)
    rows = rows[np.lexsort((person[rows], at[rows]))]
    person, at, channel = person[rows], at[rows], channel[rows].astype(np.int64)
    order = _first_order(world, valid, person, at, at + RECOVERY_DAYS * DAY)
    group = channel * 3 + np.digitize(
        world.life.gain[person], np.quantile(world.life.gain[person], [1 / 3, 2 / 3]) if len(person) else [0, 0]
    )
    recovered = order != NONE
    share = _by_group(recovered, group)
    base = share / (1 - RELAUNCHED_SHARE + FACTOR * RELAUNCHED_SHARE)
    if_recovered = FACTOR * RELAUNCHED_SHARE / (1 - RELAUNCHED_SHARE + FACTOR * RELAUNCHED_SHARE)
    if_not = RELAUNCHED_SHARE * (1 - FACTOR * base) / np.maximum(1 - share, 1e-9)
    size = len(person)
    is_relaunched = rng.random(size) < np.where(recovered, if_recovered, if_not)
    is_caused = is_relaunched & recovered & (rng.random(size) < 1 - 1 / FACTOR)
    clicks = is_relaunched & (is_caused | (rng.random(size) < 0.07))
    opens = is_relaunched & (channel == 0) & (clicks | (rng.random(size) < 0.34))
    ordered_at = np.where(recovered, world.orders.at[np.maximum(order, 0)] if len(world.orders) else LATER, LATER)
    delay = 90 + rng.exponential(5 * 3600, size).astype(np.int64)
    clicked_at = at + np.minimum(delay, np.maximum((ordered_at - at) // 2, 30))
    return Relaunches(
        number=checkouts.number[rows],
        person=person,
        at=at,
        channel=channel,
        group=group,
        order=order,
        is_relaunched=is_relaunched,
        is_caused=is_caused,
        opened_at=np.where(opens, np.where(clicks, clicked_at - 8, at + delay), NONE),
        clicked_at=np.where(clicks, clicked_at, NONE),
    )


def _first_order(world: World, counts: Flags, person: Ints, begin: Ints, end: Ints) -> Ints:
    """Row of each person's first order of those that count in [begin, end), NONE without. Shape: that of `person`."""
    rows = np.flatnonzero(counts)
    rows = rows[np.lexsort((world.orders.at[rows], world.orders.person[rows]))]
    if not len(rows):
        return np.full(len(person), NONE, dtype=np.int64)
    stamp = world.orders.person[rows] * (1 << 36) + world.orders.at[rows]
    place = np.searchsorted(stamp, person * (1 << 36) + begin)
    found = rows[np.minimum(place, len(rows) - 1)]
    fits = (place < len(rows)) & (world.orders.person[found] == person) & (world.orders.at[found] < end)
    return np.where(fits, found, NONE)


def _rested(person: Ints, at: Ints, candidate: Flags) -> Flags:
    """Whether a checkout is the first of its person's in thirty days, counted from the last one taken in."""
    rested = np.zeros(len(person), dtype=np.bool_)
    last: dict[int, int] = {}
    for row in np.flatnonzero(candidate)[np.argsort(at[candidate], kind="stable")]:
        who = int(person[row])
        if at[row] - last.get(who, 0) >= REST_DAYS * DAY:
            rested[row], last[who] = True, int(at[row])
    return rested


def _by_group(flags: Flags, group: Ints) -> Floats:
    """The share of `flags` in the group of each row."""
    if not len(group):
        return np.zeros(0)
    count, size = np.bincount(group, weights=flags), np.bincount(group)
    share: Floats = (count / np.maximum(size, 1))[group]
    return share


def write_relaunches(scene: Scene, relaunches: Relaunches, landing: Landing) -> None:
    """relances_YYYY-MM-DD.csv, monthly: one row per checkout taken in."""
    world = scene.world
    ends = world.window.month_ends()
    files = [FileKey(f"relances_{day_of(int(end))}.csv", int(end)) for end in ends]

    def cells(rows: Ints) -> Cells:
        part = relaunches.take(rows)
        sent_at = part.at + 20 + part.number % 240
        return {
            "relaunch_id": joined("REL", padded(rows + 1, 7)),
            "experiment_id": pick(pa.array([EXPERIMENT]), np.zeros(len(rows), dtype=np.int64)),
            "checkout_id": numbers(part.number),
            "channel": pick(pa.array(CHANNELS), part.channel),
            "variant": choose(part.is_relaunched, "relance", "temoin"),
            "enrolled_at": utc_text(part.at),
            "sent_at": blank(utc_text(sent_at), ~part.is_relaunched),
            "opened_at": blank(utc_text(np.maximum(part.opened_at, sent_at + 5)), part.opened_at == NONE),
            "clicked_at": blank(utc_text(np.maximum(part.clicked_at, sent_at + 12)), part.clicked_at == NONE),
        }

    landing.write_text("cart_relaunches", files, np.searchsorted(ends, local_day(relaunches.at)), cells, Dialect())


def truth_of_relaunches(relaunches: Relaunches, order_keys: pa.Array) -> pd.DataFrame:
    """One row per checkout taken in: whose it was, the order that recovered it, and whether the relaunch brought it."""
    recovered = relaunches.order != NONE
    order = blank(order_keys.take(pa.array(np.maximum(relaunches.order, 0))), ~recovered) if len(order_keys) else None
    base = _by_group(recovered, relaunches.group) / (1 - RELAUNCHED_SHARE + FACTOR * RELAUNCHED_SHARE)
    return pd.DataFrame(
        {
            "relaunch_id": joined("REL", padded(np.arange(len(relaunches), dtype=np.int64) + 1, 7)).to_pandas(),
            "checkout_id": relaunches.number,
            "person_id": person_ids(relaunches.person).to_pandas(),
            "channel": pick(pa.array(CHANNELS), relaunches.channel).to_pandas(),
            "is_relaunched": relaunches.is_relaunched,
            "order_key": order.to_pandas() if order is not None else None,
            "is_caused": relaunches.is_caused,
            "planted_lift": np.round((FACTOR - 1) * base, 6),
        }
    )
