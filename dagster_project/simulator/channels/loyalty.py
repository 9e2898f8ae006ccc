"""The loyalty programme: monthly snapshots of members, weekly events (points earned, rewards, redemptions, tier
changes, points that expire).

One point per euro paid on orders that show the card; a reward at every 200 points, which expires after a year; silver
from 300, gold from 900 points earned.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.simulator.behaviour import STORE
from dagster_project.simulator.calendar import DAY, date_text, day_of, local_day, local_text, to_utc, week_end
from dagster_project.simulator.channels.pos import Tickets
from dagster_project.simulator.channels.shop import ShopRecords
from dagster_project.simulator.columns import (
    NONE,
    Ints,
    Table,
    Text,
    blank,
    choose,
    joined,
    numbers,
    padded,
    pick,
    stream,
)
from dagster_project.simulator.people import FAR, city_index, phone_text
from dagster_project.simulator.places import places, store_codes
from dagster_project.simulator.records import Scene
from dagster_project.simulator.render import Cells, quoted
from dagster_project.simulator.sales import LATER
from dagster_project.simulator.writers import Dialect, FileKey, Landing

REWARD_POINTS, SILVER, GOLD = 200, 300, 900
EXPIRES_AFTER_DAYS = 365
_EARN, _REWARD, _REDEEM, _TIER, _EXPIRE = range(5)
_TYPES = pa.array(["earn", "reward", "redeem", "tier_change", "expire"])
_TIERS = pa.array(["bronze", "silver", "gold"])


@dataclass(frozen=True)
class Points(Table):
    """One row per loyalty event, sorted by time. `order` NONE when no purchase belongs to it; `earned`: sum earned so
    far.
    """

    person: Ints
    at: Ints
    kind: Ints
    points: Ints
    order: Ints
    earned: Ints


def make_points(scene: Scene, tickets: Tickets, shop: ShopRecords) -> tuple[Points, Ints]:
    """(events, points earned by each person before the window)."""
    world, bills = scene.world, scene.sales.bills
    orders, people = world.orders, world.people
    rng = stream(world.seed, "points")
    shown = np.zeros(len(orders), dtype=np.bool_)
    sales = tickets.kind == 0
    shown[tickets.order[sales]] = tickets.shows_card[sales]
    shown |= (orders.channel != STORE) & np.asarray(shop.card.is_valid())
    shown &= bills.cancelled_at == LATER
    rows = np.flatnonzero(shown)
    rows = rows[np.lexsort((orders.at[rows], orders.person[rows]))]
    person, at = orders.person[rows], orders.at[rows]
    points = (bills.total[rows] - bills.shipping[rows]) // 100
    before = np.where((people.card_day < world.window.first), rng.integers(0, 700, len(people)), 0)
    running = np.cumsum(points)
    first = np.r_[True, person[1:] != person[:-1]] if len(rows) else np.zeros(0, dtype=np.bool_)
    start = np.maximum.accumulate(np.where(first, running - points, -1)) if len(rows) else running
    earned = before[person] + running - start
    earlier = earned - points
    rewarded = earned // REWARD_POINTS > earlier // REWARD_POINTS
    tier = np.digitize(earned, (SILVER, GOLD))
    rises = tier > np.digitize(earlier, (SILVER, GOLD))
    redeems = rewarded & (rng.random(len(rows)) < 0.6)
    redeem_at = at + rng.integers(3 * DAY, 60 * DAY, len(rows))
    parts = [
        Points(person, at + 30, np.full(len(rows), _EARN, dtype=np.int64), points, rows, earned),
        _part(person, at + 60, rewarded, _REWARD, REWARD_POINTS, earned),
        _part(person, redeem_at, redeems, _REDEEM, -REWARD_POINTS, earned),
        _part(person, at + 90, rises, _TIER, 0, earned),
        _part(person, at + EXPIRES_AFTER_DAYS * DAY, rewarded & ~redeems, _EXPIRE, -REWARD_POINTS, earned),
    ]
    everything = Points.concat(parts)
    everything = everything.take(everything.at < world.window.end)
    return everything.take(np.lexsort((everything.kind, everything.person, everything.at))), before


def _part(
    person: Ints, at: Ints, chosen: np.ndarray[tuple[int], np.dtype[np.bool_]], kind: int, points: int, earned: Ints
) -> Points:
    rows = np.flatnonzero(chosen)
    return Points(
        person[rows],
        at[rows],
        np.full(len(rows), kind, dtype=np.int64),
        np.full(len(rows), points, dtype=np.int64),
        np.full(len(rows), NONE, dtype=np.int64),
        earned[rows],
    )


def write_events(scene: Scene, points: Points, order_keys: Text, landing: Landing) -> None:
    """loyalty_events_YYYY-MM-DD.csv, weekly."""
    world = scene.world
    sundays, end = world.window.sundays(), week_end(local_day(points.at))
    kept = np.flatnonzero(end <= world.window.last)
    files = [FileKey(f"loyalty_events_{day_of(int(d))}.csv", int(d)) for d in sundays]
    channel_of = np.array([0, 1, 2, 0, 0])
    # The programme counts what members do, and what runs out of itself, apart.
    expires = points.kind[kept] == _EXPIRE
    number = np.where(expires, np.cumsum(expires), np.cumsum(~expires))

    def cells(rows: Ints) -> Cells:
        row = kept[rows]
        order = points.order[row]
        channel = np.where(
            order == NONE,
            np.where(points.kind[row] == _REDEEM, 2, 0),
            channel_of[world.orders.channel[np.maximum(order, 0)]],
        )
        return {
            "event_id": joined(choose(expires[rows], "LX", "LE"), padded(number[rows], 9)),
            "card_number": world.people.card.take(pa.array(points.person[row])),
            "event_type": pick(_TYPES, points.kind[row]),
            "points": numbers(points.points[row]),
            "occurred_at": local_text(points.at[row]),
            "channel": pick(pa.array(["web", "app", "store"]), channel),
            "order_reference": blank(order_keys.take(pa.array(np.maximum(order, 0))), order == NONE),
        }

    landing.write_text("loyalty_events", files, np.searchsorted(sundays, end[kept]), cells, Dialect())


def write_members(scene: Scene, points: Points, before: Ints, landing: Landing) -> None:
    """members_YYYY-MM-DD.csv, monthly full snapshot of the card holders at the month's end."""
    world, people = scene.world, scene.world.people
    month_ends = world.window.month_ends()
    rng = stream(world.seed, "members")
    holders = np.flatnonzero(people.card_day < FAR)
    holders = holders[np.argsort(people.card_day[holders], kind="stable")]
    closed_day = np.where(
        rng.random(len(people)) < 0.03, world.window.first + rng.integers(0, world.window.days, len(people)), FAR
    )
    closed_day = np.maximum(closed_day, people.card_day + 30)
    links_account = people.has_account & (rng.random(len(people)) < 0.55)
    moves_are_told = rng.random(len(people)) < 0.5
    names_are_told = rng.random(len(people)) < 0.35
    spelling = scene.spelling("loyalty")
    email = scene.address(people.number, np.full(len(people), FAR, dtype=np.int64), rng.random(len(people)) < 0.25)
    email = choose(spelling.kind == 4, pc.utf8_upper(email), email)
    email = blank(email, rng.random(len(people)) < 0.22)
    phone = blank(phone_text(people.mobile, spelling.phone_form), rng.random(len(people)) < 0.18)
    land = places()
    parts, file, balances, tiers = [], [], [], []
    stamps = to_utc(month_ends + 1, np.zeros(len(month_ends), dtype=np.int64))
    balance, earned, done = before % REWARD_POINTS, before.copy(), 0
    for number, day in enumerate(month_ends):
        upto = int(np.searchsorted(points.at, stamps[number]))
        news = points.take(np.arange(done, upto))
        earns = news.kind == _EARN
        balance = balance + np.bincount(
            news.person[earns], weights=news.points[earns].astype(float), minlength=len(people)
        ).astype(np.int64)
        spent = (news.kind == _REDEEM) | (news.kind == _EXPIRE)
        balance = balance - np.bincount(
            news.person[spent], weights=-news.points[spent].astype(float), minlength=len(people)
        ).astype(np.int64)
        np.maximum.at(earned, news.person[earns], news.earned[earns])
        done = upto
        members = holders[people.card_day[holders] <= day]
        parts.append(members)
        file.append(np.full(len(members), number, dtype=np.int64))
        balances.append(balance[members])
        tiers.append(np.digitize(earned[members], (SILVER, GOLD)))
    member, file_of_row = np.concatenate(parts), np.concatenate(file)
    points_balance, tier = np.concatenate(balances), np.concatenate(tiers)
    seen = np.unique(member)
    scene.sightings.add(
        "loyalty", people.card.take(pa.array(seen)), seen, scene.kinds("loyalty", seen, people.card_day[seen])
    )
    files = [FileKey(f"members_{day_of(int(d))}.csv", int(d)) for d in month_ends]

    def cells(rows: Ints) -> Cells:
        who = member[rows]
        taken = pa.array(who)
        day = month_ends[file_of_row[rows]]
        name_day = np.where(names_are_told[who], day, people.card_day[who])
        town = city_index(people, who, np.where(moves_are_told[who], day, people.card_day[who]))
        birth = blank(date_text(spelling.birth_day[who]), ~spelling.has_birth[who])
        return {
            "card_number": people.card.take(taken),
            "first_name": spelling.first.take(taken),
            "last_name": scene.surname("loyalty", who, name_day),
            "email": email.take(taken),
            "phone": phone.take(taken),
            "birth_date": birth,
            "gender": choose(people.is_female[who], "female", "male"),
            "postal_code": pick(land.postcode, town),
            "city": quoted(pick(land.city_plain, town)),
            "joined_on": date_text(people.card_day[who]),
            "join_store": pick(store_codes(), people.store[who]),
            "tier": pick(_TIERS, tier[rows]),
            "points_balance": numbers(np.maximum(points_balance[rows], 0)),
            "status": choose(closed_day[who] <= day, "closed", "active"),
            "web_account": blank(people.account.take(taken), ~links_account[who] | (people.account_day[who] > day)),
        }

    landing.write_text("loyalty_members", files, file_of_row, cells, Dialect())
