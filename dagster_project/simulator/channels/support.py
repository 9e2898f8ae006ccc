"""Customer service (Zendesk-like JSON Lines): tickets with their whole event history, exported again in each week
they changed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dagster_project.simulator.behaviour import SERVICE_CHANNELS
from dagster_project.simulator.calendar import DAY, day_of, local_day, to_utc, utc_text, week_end
from dagster_project.simulator.columns import (
    NONE,
    Flags,
    Ints,
    Table,
    Text,
    blank,
    choose,
    joined,
    numbers,
    pick,
    stream,
)
from dagster_project.simulator.people import phone_text
from dagster_project.simulator.places import store_codes
from dagster_project.simulator.records import Scene
from dagster_project.simulator.render import Cells, json_lists, json_object, json_text
from dagster_project.simulator.verbatims import TOPICS, messages, notes, replies, subjects
from dagster_project.simulator.writers import Dialect, FileKey, Landing

FIRST_TICKET, FIRST_REQUESTER = 250_001, 9_000_000
_TYPES = ("created", "public_reply", "internal_note", "customer_reply", "status_change")
_CREATED, _REPLY, _NOTE, _CUSTOMER, _STATUS = range(5)
_STATES = ("new", "open", "pending", "solved", "closed")
_NEW, _OPEN, _PENDING, _SOLVED, _CLOSED = range(5)
_AGENT, _REQUESTER, _SYSTEM = range(3)
CLOSED_AFTER_DAYS = 14


@dataclass(frozen=True)
class History(Table):
    """One row per ticket event, sorted by ticket and time. `state`: the status from here on, NONE where it does not
    change.
    """

    ticket: Ints
    at: Ints
    kind: Ints
    role: Ints
    is_public: Flags
    state: Ints


def make_history(scene: Scene) -> History:
    """The events of every contact of the world. Shape: 3 to 14 rows per contact."""
    contacts, seed = scene.world.contacts, scene.world.seed
    rng = stream(seed, "ticket history")
    size = len(contacts)
    number = np.arange(size, dtype=np.int64)
    always = np.ones(size, dtype=np.bool_)
    reply = contacts.at + (contacts.reply_hours * 3600).astype(np.int64)
    solve = np.maximum(contacts.at + (contacts.solve_hours * 3600).astype(np.int64), reply + 60)
    waits = (solve - reply > 6 * 3600) & (rng.random(size) < 0.5)
    answered = reply + ((solve - reply) * rng.uniform(0.3, 0.7, size)).astype(np.int64)
    note_at = reply + ((solve - reply) * rng.uniform(0.05, 0.25, size)).astype(np.int64)
    noted = (contacts.transfers > 0) | (rng.random(size) < 0.2)
    # A reopened ticket was solved too early: the requester came back, and it was solved again at `solve`.
    early = reply + (solve - reply) // 3
    back = reply + (solve - reply) * 2 // 3
    closed = solve + CLOSED_AFTER_DAYS * DAY
    reopened = contacts.reopened
    plan = (
        (always, contacts.at, _CREATED, _REQUESTER, True, _NEW),
        (always, contacts.at + 5, _STATUS, _SYSTEM, False, _OPEN),
        (always, reply, _REPLY, _AGENT, True, NONE),
        (noted, note_at, _NOTE, _AGENT, False, NONE),
        (waits & ~reopened, reply + 2, _STATUS, _AGENT, False, _PENDING),
        (waits & ~reopened, answered, _CUSTOMER, _REQUESTER, True, NONE),
        (waits & ~reopened, answered + 3, _STATUS, _SYSTEM, False, _OPEN),
        (reopened, early, _STATUS, _AGENT, False, _SOLVED),
        (reopened, back, _CUSTOMER, _REQUESTER, True, NONE),
        (reopened, back + 3, _STATUS, _SYSTEM, False, _OPEN),
        (contacts.solve_hours > 2, solve - 40, _REPLY, _AGENT, True, NONE),
        (always, solve, _STATUS, _AGENT, False, _SOLVED),
        (always, closed, _STATUS, _SYSTEM, False, _CLOSED),
    )
    parts = []
    for flag, at, kind, role, public, state in plan:
        count = int(flag.sum())
        parts.append(
            History(
                number[flag],
                at[flag],
                np.full(count, kind, dtype=np.int64),
                np.full(count, role, dtype=np.int64),
                np.full(count, public, dtype=np.bool_),
                np.full(count, state, dtype=np.int64),
            )
        )
    history = History.concat(parts)
    return history.take(np.lexsort((history.at, history.ticket)))


def requester_ids(person: Ints) -> Ints:
    """The desk's id of each person."""
    return FIRST_REQUESTER + person * 17 % 9_999_991


def write_tickets(scene: Scene, history: History, order_keys: Text, landing: Landing) -> None:
    """zendesk_tickets_YYYY-MM-DD.jsonl, weekly: every ticket that changed, as it stands at the week's end."""
    world, contacts, people = scene.world, scene.world.contacts, scene.world.people
    rng = stream(world.seed, "support")
    sundays = world.window.sundays()
    week_of_event = np.searchsorted(sundays, week_end(local_day(history.at)))
    inside = week_of_event < len(sundays)
    pairs = np.unique(week_of_event[inside] * (len(contacts) + 1) + history.ticket[inside])
    week, ticket = pairs // (len(contacts) + 1), pairs % (len(contacts) + 1)
    first_event = np.searchsorted(history.ticket, np.arange(len(contacts)))
    total = np.searchsorted(history.ticket, np.arange(len(contacts)), side="right") - first_event
    size, person = len(contacts), contacts.person
    sentence = rng.integers(0, 1 << 20, (3, size))
    subject = _by_topic(contacts.topic, sentence[0], subjects)
    description = _by_topic(contacts.topic, sentence[1], messages)
    gives_email = people.has_email[person] & ((contacts.channel == 1) | (rng.random(size) < 0.55))
    gives_phone = people.has_mobile[person] & ((contacts.channel == 0) | (rng.random(size) < 0.35))
    gives_account = (
        people.has_account[person] & (people.account_day[person] <= local_day(contacts.at)) & (rng.random(size) < 0.4)
    )
    gives_order = (contacts.order != NONE) & (rng.random(size) < 0.8)
    spelling = scene.spelling("support")
    day = local_day(contacts.at)
    name = joined(spelling.first.take(pa.array(person)), " ", scene.surname("support", person, day))
    email = blank(scene.address(person, day, rng.random(size) < 0.3), ~gives_email)
    phone = blank(phone_text(people.mobile.take(pa.array(person)), spelling.phone_form[person]), ~gives_phone)
    account = blank(people.account.take(pa.array(person)), ~gives_account)
    reference = (
        blank(order_keys.take(pa.array(np.maximum(contacts.order, 0))), ~gives_order)
        if len(order_keys)
        else blank(name, name == name)
    )
    requester = json_object(
        id=numbers(requester_ids(person)),
        name=json_text(name),
        email=json_text(email),
        phone=json_text(phone),
        web_account=json_text(account),
    )
    store = blank(pick(store_codes(), people.store[person]), contacts.channel != 4)
    tags = _tags(contacts.topic, contacts.channel, contacts.transfers > 0)
    text_of_event = _event_texts(history, contacts.topic, rng)
    event_json = json_object(
        id=numbers(np.arange(len(history)) * 3 + 70_000_000),
        type=pick(pa.array([f'"{name}"' for name in _TYPES]), history.kind),
        at=joined('"', utc_text(history.at), '"'),
        author_role=pick(pa.array(['"agent"', '"requester"', '"system"']), history.role),
        public=choose(history.is_public, "true", "false"),
        value=json_text(text_of_event),
    )
    seen = np.unique(ticket)
    scene.sightings.add(
        "support", numbers(requester_ids(person[seen])), person[seen], scene.kinds("support", person[seen], day[seen])
    )
    files = [FileKey(f"zendesk_tickets_{day_of(int(d))}.jsonl", int(d)) for d in sundays]
    running = np.maximum.accumulate(np.where(history.state != NONE, np.arange(len(history)), 0))
    current = np.where(history.state[running] == NONE, _NEW, history.state[running])

    def cells(rows: Ints) -> Cells:
        which = ticket[rows]
        taken = pa.array(which)
        week_ends_at = to_utc(sundays[week[rows]] + 1, np.zeros(len(rows), dtype=np.int64))
        count = _events_before(history, first_event[which], total[which], week_ends_at)
        parent = np.repeat(np.arange(len(rows)), count)
        event = (
            np.repeat(first_event[which], count) + np.arange(len(parent)) - np.repeat(np.cumsum(count) - count, count)
        )
        last = first_event[which] + count - 1
        return {
            "id": numbers(FIRST_TICKET + which),
            "subject": json_text(subject.take(taken)),
            "description": json_text(description.take(taken)),
            "via": pick(
                pa.array([f'{{"channel":"{channel}"}}' for channel in SERVICE_CHANNELS]), contacts.channel[which]
            ),
            "status": pick(pa.array([f'"{state}"' for state in _STATES]), current[last]),
            "priority": pick(
                pa.array(['"normal"', '"high"', '"low"', '"urgent"']), np.where(which % 37 == 5, 3, which % 11 // 4)
            ),
            "topic": pick(pa.array([f'"{topic}"' for topic in TOPICS]), contacts.topic[which]),
            "requester": requester.take(taken),
            "order_reference": json_text(reference.take(taken)),
            "store_code": json_text(store.take(taken)),
            "created_at": joined('"', utc_text(contacts.at[which]), '"'),
            "updated_at": joined('"', utc_text(history.at[last]), '"'),
            "tags": tags.take(taken),
            "events": json_lists(event_json.take(pa.array(event)), parent, len(rows)),
        }

    # A defect may not silence a ticket: only versions that a later week repeats may carry one.
    last_week = np.zeros(size, dtype=np.int64)
    np.maximum.at(last_week, ticket, week)
    landing.write_text("support_tickets", files, week, cells, Dialect(kind="jsonl"), week < last_week[ticket])


def _events_before(history: History, first: Ints, total: Ints, instant: Ints) -> Ints:
    """How many of each ticket's events happened before an instant. Histories are short: counted step by step."""
    count = np.zeros(len(first), dtype=np.int64)
    for step in range(int(total.max()) if len(total) else 0):
        row = np.minimum(first + step, len(history) - 1)
        count += (step < total) & (history.at[row] < instant)
    return count


def _by_topic(topic: Ints, draw: Ints, words: object) -> Text:
    assert callable(words)
    lists = [words(name) for name in TOPICS]
    sizes = np.array([len(words_of) for words_of in lists])
    offsets = np.cumsum(sizes) - sizes
    return pick(pa.concat_arrays(lists), offsets[topic] + draw % sizes[topic])


def _event_texts(history: History, topic: Ints, rng: np.random.Generator) -> Text:
    size = len(history)
    draw = rng.integers(0, 1 << 20, size)
    said = _by_topic(topic[history.ticket], draw, messages)
    text = choose(
        history.kind == _REPLY,
        pick(replies(), draw % len(replies())),
        choose(history.kind == _NOTE, pick(notes(), draw % len(notes())), said),
    )
    return choose(history.kind == _STATUS, pick(pa.array(_STATES), history.state), text)


def _tags(topic: Ints, channel: Ints, was_passed_on: Flags) -> Text:
    words = choose(was_passed_on, ',"transfert"', "")
    return joined(
        '["', pick(pa.array(TOPICS), topic), '","', pick(pa.array(SERVICE_CHANNELS), channel), '"', words, "]"
    )
