"""E-mail and SMS events (Brevo-like JSON Lines): sent, delivered, opened with user agent, click, bounces, unsubscribed.

Many opens are machines' (Apple's privacy proxy opens everything, Google's and Yahoo's fetch images when a person
opens); a few clicks are link scanners'. A person's click is the touch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dagster_project.simulator.behaviour import MARKETPLACE
from dagster_project.simulator.calendar import DAY, day_of, local_day, utc_text, week_end
from dagster_project.simulator.channels.shop import ShopRecords
from dagster_project.simulator.columns import (
    NONE,
    Flags,
    Ints,
    Table,
    blank,
    choose,
    constant,
    joined,
    numbers,
    padded,
    pick,
    stream,
)
from dagster_project.simulator.marketing import EMAIL, mailings
from dagster_project.simulator.people import e164
from dagster_project.simulator.records import Scene, key_of
from dagster_project.simulator.render import Cells, json_text
from dagster_project.simulator.writers import Dialect, FileKey, Landing

_EVENTS = ("sent", "delivered", "opened", "click", "hard_bounce", "soft_bounce", "unsubscribed")
_SENT, _DELIVERED, _OPENED, _CLICK, _HARD, _SOFT, _LEFT = range(7)
# Machines: Apple's proxy, Google's image proxy, Yahoo's proxy, a link scanner; people: a phone, a computer.
_AGENTS = (
    "Mozilla/5.0",
    "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)",
    "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html",
    "LinkScanner/2.4 (+https://scanner.example.org)",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0 Safari/537.36",
)
_APPLE, _GOOGLE, _YAHOO, _SCANNER, _PHONE_AGENT, _DESK_AGENT = range(6)


@dataclass(frozen=True)
class Mail(Table):
    """One row per message and recipient. `mailing` NONE: transactional (the confirmation of `order`); `clicked_at` and
    `unsubscribed_at` are 0 when it did not happen.
    """

    person: Ints
    at: Ints
    mailing: Ints
    order: Ints
    is_sms: Flags
    clicked_at: Ints
    unsubscribed_at: Ints
    opens: Flags


@dataclass(frozen=True)
class MessageEvents(Table):
    """One row per event: message (row of Mail), kind (index of event names), instant, user agent index or NONE."""

    message: Ints
    kind: Ints
    at: Ints
    agent: Ints


def make_mail(scene: Scene, shop: ShopRecords) -> Mail:
    """Every message of the window: campaigns, and confirmations of shop orders with an address."""
    world = scene.world
    rng = stream(world.seed, "mail")
    sends, orders, touches = world.sends, world.orders, world.touches
    clicked = np.zeros(len(sends), dtype=np.int64)
    kept = np.flatnonzero(touches.origin == 1)
    clicked[touches.send[kept]] = touches.at[kept]  # clicks that were not made after leaving
    mails = mailings(world.window, world.seed)
    is_sms = (
        np.array([mail.channel != EMAIL for mail in mails], dtype=np.bool_)[sends.mailing]
        if mails
        else np.zeros(0, dtype=np.bool_)
    )
    confirmed = np.flatnonzero(
        (scene.sales.bills.is_shop) & np.asarray(shop.email.is_valid()) & (orders.channel != MARKETPLACE)
    )
    left = sends.at > world.life.dropout_at[sends.person]
    zeal = rng.beta(1.4, 3.0, len(world.people))
    opens = (
        (rng.random(len(sends)) < zeal[sends.person] * np.where(left, 0.25, 1.0))
        | (clicked > 0)
        | (sends.unsubscribed_at > 0)
    )
    none = np.full(len(confirmed), NONE, dtype=np.int64)
    return Mail.concat(
        [
            Mail(
                sends.person,
                sends.at,
                sends.mailing,
                np.full(len(sends), NONE, dtype=np.int64),
                is_sms,
                clicked,
                sends.unsubscribed_at,
                opens & ~is_sms,
            ),
            Mail(
                orders.person[confirmed],
                orders.at[confirmed] + 25,
                none,
                confirmed,
                np.zeros(len(confirmed), dtype=np.bool_),
                np.zeros(len(confirmed), dtype=np.int64),
                np.zeros(len(confirmed), dtype=np.int64),
                rng.random(len(confirmed)) < 0.62,
            ),
        ]
    )


def _make_events(scene: Scene, mail: Mail) -> MessageEvents:
    world, people = scene.world, scene.world.people
    rng = stream(world.seed, "message events")
    size = len(mail)
    number = np.arange(size, dtype=np.int64)
    draw = rng.random(size)
    engaged = (mail.clicked_at > 0) | (mail.unsubscribed_at > 0)
    acted_at = np.maximum(mail.clicked_at, mail.unsubscribed_at)
    hard, soft = (draw < 0.004) & ~engaged, (draw >= 0.004) & (draw < 0.017) & ~engaged
    delivered_at = mail.at + rng.integers(1, 50, size)
    arrives = ~hard & ~soft
    client = people.mail_client[mail.person]
    opened = arrives & mail.opens
    opened_at = np.where(engaged, acted_at - rng.integers(4, 55, size), delivered_at + rng.integers(60, 2 * DAY, size))
    agent = np.select([client == 0, client == 1, client == 2], [_APPLE, _GOOGLE, _YAHOO], _DESK_AGENT - mail.person % 2)
    machine = arrives & ~mail.is_sms & (client == 0)  # Apple's proxy opens every message, read or not
    human_phone = opened & (client == 0) & (rng.random(size) < 0.15)  # an Apple reader in another program
    scanned = arrives & ~mail.is_sms & (mail.person % 71 == 0) & (mail.mailing != NONE)
    leaves = arrives & (mail.unsubscribed_at > 0)
    plan = (
        (np.ones(size, dtype=np.bool_), mail.at, _SENT, None),
        (arrives, delivered_at, _DELIVERED, None),
        (hard, delivered_at, _HARD, None),
        (soft, delivered_at, _SOFT, None),
        (machine, delivered_at + rng.integers(2, 900, size), _OPENED, np.full(size, _APPLE)),
        (opened & (client != 0), opened_at, _OPENED, agent),
        (human_phone, opened_at, _OPENED, np.full(size, _PHONE_AGENT)),
        ((mail.clicked_at > 0) & arrives, mail.clicked_at, _CLICK, np.full(size, _PHONE_AGENT) + mail.person % 2),
        (scanned, delivered_at + 2, _CLICK, np.full(size, _SCANNER)),
        (leaves, mail.unsubscribed_at, _LEFT, None),
    )
    parts = [
        MessageEvents(
            number[flag],
            np.full(int(flag.sum()), kind, dtype=np.int64),
            at[flag],
            np.full(int(flag.sum()), NONE, dtype=np.int64) if agents is None else agents[flag].astype(np.int64),
        )
        for flag, at, kind, agents in plan
    ]
    events = MessageEvents.concat(parts)
    sunday = week_end(local_day(events.at))
    inside = (sunday <= world.window.last) & (events.at >= world.window.start)
    events = events.take(inside)
    return events.take(np.lexsort((events.kind, events.message, events.at)))


def write_messages(scene: Scene, shop: ShopRecords, mail: Mail, landing: Landing) -> None:
    """message_events_YYYY-MM-DD.jsonl, weekly."""
    world, people = scene.world, scene.world.people
    events = _make_events(scene, mail)
    sundays = world.window.sundays()
    file = np.searchsorted(sundays, week_end(local_day(events.at)))
    mails = mailings(world.window, world.seed)
    day = local_day(mail.at)
    second = np.r_[world.sends.uses_second, np.zeros(len(mail) - len(world.sends), dtype=np.bool_)]
    address = scene.address(mail.person, day, second)
    if len(shop.email):
        address = choose(mail.order == NONE, address, shop.email.take(pa.array(np.maximum(mail.order, 0))))
    recipient = choose(mail.is_sms, e164(people.mobile.take(pa.array(mail.person))), address)
    contact = people.contact[mail.person]
    knows = (contact != NONE) & (people.contact_day[mail.person] <= day) & (mail.mailing != NONE) & ~second
    contact_text = blank(numbers(contact), ~knows)
    campaign_ids = pa.array([mailing.id for mailing in mails], pa.string())
    campaign_names = pa.array([mailing.name for mailing in mails], pa.string())
    agents = pa.array(_AGENTS)
    shown = np.unique(events.message)
    key = choose(
        mail.is_sms[shown],
        joined("phone:", recipient.take(pa.array(shown))),
        key_of("email", recipient.take(pa.array(shown))),
    )
    scene.sightings.add("messaging", key, mail.person[shown], choose(second[shown], "second_email", "exact"))
    files = [FileKey(f"message_events_{day_of(int(d))}.jsonl", int(d)) for d in sundays]

    def cells(rows: Ints) -> Cells:
        part = events.take(rows)
        message = part.message
        taken = pa.array(message)
        mailing = mail.mailing[message]
        clicked = part.kind == _CLICK
        return {
            "id": joined('"ev-', padded(rows + 1, 10), '"'),
            "event": pick(pa.array([f'"{name}"' for name in _EVENTS]), part.kind),
            "channel": choose(mail.is_sms[message], '"sms"', '"email"'),
            "message_type": choose(mailing == NONE, '"transactional"', '"marketing"'),
            "message_id": joined('"msg-', padded(message + 1, 9), '"'),
            "campaign_id": json_text(pick(campaign_ids, mailing)),
            "campaign_name": json_text(pick(campaign_names, mailing)),
            "recipient": json_text(recipient.take(taken)),
            "contact_id": json_text(contact_text.take(taken)),
            "occurred_at": joined('"', utc_text(part.at), '"'),
            "user_agent": json_text(pick(agents, part.agent)),
            "link": blank(constant('"https://www.maison-omni.example/collections"', len(rows)), ~clicked),
        }

    landing.write_text("message_events", files, file, cells, Dialect(kind="jsonl"))
