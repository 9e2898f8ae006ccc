"""The telephone exchange (CSV): calls offered to a queue, answered or abandoned, with how long the caller waited.

A call that was answered about a question is the ticket of it; one that ended in an order has none. Waiting makes
callers hang up; some call again, some write instead.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dagster_project.simulator.behaviour import PHONE_ORDER
from dagster_project.simulator.calendar import DAY, day_of, local_day, local_text, month_of, to_local, week_end, weekday
from dagster_project.simulator.channels.support import FIRST_TICKET
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
from dagster_project.simulator.people import e164
from dagster_project.simulator.records import Scene, key_of
from dagster_project.simulator.render import Cells
from dagster_project.simulator.writers import Dialect, FileKey, Landing

_QUEUES = pa.array(["apres_vente", "compte", "fidelite", "ventes"])
_QUEUE_OF_TOPIC = np.array([0, 0, 0, 1, 1, 2, 3], dtype=np.int64)  # by verbatims.TOPICS
_SALES_QUEUE = 3
PATIENCE_SECONDS = 420.0  # mean wait after which callers hang up
TURN_TO_WRITING = 0.08  # of the questions written: their author had hung up before
WITHHELD_SHARE = 0.07
_OPENS, _CLOSES = 9 * 3600, 19 * 3600


@dataclass(frozen=True)
class Calls(Table):
    """One row per call offered, sorted by time. `contact`: row of World.contacts, NONE without a ticket; waits and
    talks in seconds, talk 0 when abandoned.
    """

    person: Ints
    at: Ints
    queue: Ints
    wait: Ints
    talk: Ints
    contact: Ints
    is_answered: Flags
    is_transferred: Flags
    is_withheld: Flags


def mean_wait(at: Ints) -> Floats:
    """Expected seconds of waiting of a call at an instant: long on Mondays, in the rush hours and before Christmas."""
    local = to_local(at)
    hour, day = local % DAY // 3600, local // DAY
    rush = np.where((hour >= 9) & (hour < 11) | (hour >= 14) & (hour < 16), 1.6, 1.0)
    return 45.0 * rush * np.where(weekday(day) == 1, 1.8, 1.0) * np.where(month_of(day) == 12, 1.6, 1.0)


def make_calls(scene: Scene) -> Calls:
    """Every call of the window."""
    world = scene.world
    contacts, orders = world.contacts, world.orders
    rng = stream(world.seed, "calls")
    asked, sold = np.flatnonzero(contacts.channel == 0), np.flatnonzero(orders.channel == PHONE_ORDER)
    none = np.full(len(sold), NONE, dtype=np.int64)
    contact = np.r_[asked, none]
    person = np.r_[contacts.person[asked], orders.person[sold]]
    queue = np.r_[_QUEUE_OF_TOPIC[contacts.topic[asked]], np.full(len(sold), _SALES_QUEUE)]
    # The desk opens the ticket while the caller speaks; an order is typed in at the end of its call.
    talk = 60 + rng.gamma(2.0, 110.0, len(contact)).astype(np.int64)
    answered_at = np.r_[contacts.at[asked] - rng.integers(5, 40, len(asked)), orders.at[sold] - talk[len(asked) :]]
    wait = 3 + rng.exponential(mean_wait(answered_at)).astype(np.int64)
    answered = Calls(
        person=person,
        at=answered_at - wait,
        queue=queue,
        wait=wait,
        talk=talk,
        contact=contact,
        is_answered=np.ones(len(contact), dtype=np.bool_),
        is_transferred=np.r_[contacts.transfers[asked] > 0, np.zeros(len(sold), dtype=np.bool_)],
        is_withheld=rng.random(len(contact)) < WITHHELD_SHARE,
    )

    mean = mean_wait(answered.at)
    again = np.flatnonzero(rng.random(len(answered)) < mean / (mean + PATIENCE_SECONDS))
    wrote = np.flatnonzero((contacts.channel == 1) & (rng.random(len(contacts)) < TURN_TO_WRITING))
    given_up = _abandoned(
        rng,
        np.r_[answered.person[again], contacts.person[wrote]],
        np.r_[
            answered.at[again] - rng.integers(240, 7200, len(again)),
            contacts.at[wrote] - rng.integers(600, 14_400, len(wrote)),
        ],
        np.r_[answered.queue[again], _QUEUE_OF_TOPIC[contacts.topic[wrote]]],
    )
    calls = Calls.concat([answered, given_up])
    calls = calls.take((calls.at >= world.window.start) & (calls.at < world.window.end))
    return calls.take(np.lexsort((calls.person, calls.at)))


def _abandoned(rng: np.random.Generator, person: Ints, at: Ints, queue: Ints) -> Calls:
    """Calls hung up in the queue, those outside opening hours left out."""
    second = to_local(at) % DAY
    inside = (second >= _OPENS) & (second < _CLOSES) & (weekday(local_day(at)) < 7)
    size = int(inside.sum())
    return Calls(
        person=person[inside],
        at=at[inside],
        queue=queue[inside],
        wait=4 + rng.exponential(mean_wait(at[inside]) * 1.6).astype(np.int64),
        talk=np.zeros(size, dtype=np.int64),
        contact=np.full(size, NONE, dtype=np.int64),
        is_answered=np.zeros(size, dtype=np.bool_),
        is_transferred=np.zeros(size, dtype=np.bool_),
        is_withheld=rng.random(size) < WITHHELD_SHARE,
    )


def write_calls(scene: Scene, calls: Calls, landing: Landing) -> None:
    """appels_YYYY-MM-DD.csv, weekly: one row per call offered to a queue."""
    world, people = scene.world, scene.world.people
    sundays, end = world.window.sundays(), week_end(local_day(calls.at))
    calls = calls.take(end <= world.window.last)
    file = np.searchsorted(sundays, week_end(local_day(calls.at)))
    hidden = calls.is_withheld | ~people.has_mobile[calls.person]
    caller = blank(e164(people.mobile.take(pa.array(calls.person))), hidden)
    scene.sightings.add("calls", key_of("phone", caller), calls.person, "exact")
    files = [FileKey(f"appels_{day_of(int(d))}.csv", int(d)) for d in sundays]
    other = _QUEUES.take(pa.array((calls.queue + 1) % len(_QUEUES)))

    def cells(rows: Ints) -> Cells:
        part = calls.take(rows)
        taken = pa.array(rows)
        answered_at = part.at + part.wait
        return {
            "call_id": joined("APL", padded(rows + 1, 8)),
            "queue": pick(_QUEUES, part.queue),
            "caller": caller.take(taken),
            "offered_at": local_text(part.at),
            "answered_at": blank(local_text(answered_at), ~part.is_answered),
            "ended_at": local_text(answered_at + part.talk),
            "outcome": choose(part.is_answered, "answered", "abandoned"),
            "wait_seconds": numbers(part.wait),
            "talk_seconds": blank(numbers(part.talk), ~part.is_answered),
            "transferred_to": blank(other.take(taken), ~part.is_transferred),
            "ticket_id": blank(numbers(FIRST_TICKET + part.contact), part.contact == NONE),
        }

    landing.write_text("phone_calls", files, file, cells, Dialect())
