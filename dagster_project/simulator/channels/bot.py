"""The chat bot of site and app (JSON Lines): conversations it settled itself, handed over, or that were left.

Planted: the share of each topic it settles. What it calls settled and did not settle comes back by e-mail or phone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.simulator.behaviour import World
from dagster_project.simulator.calendar import day_of, local_day, utc_text, week_end
from dagster_project.simulator.channels.support import FIRST_TICKET
from dagster_project.simulator.channels.web import PHONE_APP, Sessions
from dagster_project.simulator.columns import (
    NONE,
    Flags,
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
from dagster_project.simulator.render import Cells, json_text
from dagster_project.simulator.verbatims import TOPICS, messages
from dagster_project.simulator.writers import Dialect, FileKey, Landing

OUTCOMES = ("contained", "handed_over", "left")
CONTAINED, HANDED_OVER, LEFT = range(3)
# Share of a topic's conversations the bot settles, by verbatims.TOPICS.
CONTAINMENT = (0.62, 0.48, 0.30, 0.41, 0.55, 0.58, 0.35)
LEFT_SHARE = 0.10  # of all conversations: the visitor goes away in the middle
HANDED_OVER_CHATS = 0.8  # of the chats with people: the bot came first
COMES_BACK = 0.05  # of the e-mails and calls: the bot had claimed to have settled the question before


@dataclass(frozen=True)
class Conversations(Table):
    """One row per conversation, sorted by time. `person` NONE: a visitor not logged in; `contact`: row of
    World.contacts it was handed over to; `is_settled`: the question was really answered.
    """

    person: Ints
    truly: Ints
    at: Ints
    topic: Ints
    outcome: Ints
    contact: Ints
    is_settled: Flags
    in_app: Flags
    turns: Ints
    draw: Ints


def make_conversations(world: World, sessions: Sessions) -> Conversations:
    """Every conversation of the window."""
    rng = stream(world.seed, "bot")
    contacts = world.contacts
    chats = np.flatnonzero((contacts.channel == 2) & (rng.random(len(contacts)) < HANDED_OVER_CHATS))
    back = np.flatnonzero((contacts.channel <= 1) & (contacts.topic != 6) & (rng.random(len(contacts)) < COMES_BACK))
    # So many more were settled or left that the share handed over is the planted one.
    share = np.array(CONTAINMENT)
    handed = np.bincount(contacts.topic[chats], minlength=len(TOPICS))
    total = handed / (1 - share - LEFT_SHARE)
    settled = rng.poisson(np.maximum(total * share - np.bincount(contacts.topic[back], minlength=len(TOPICS)), 0))
    left = rng.poisson(total * LEFT_SHARE)
    topic = np.repeat(np.tile(np.arange(len(TOPICS)), 2), np.r_[settled, left])
    visits = np.flatnonzero((sessions.person != NONE) & (sessions.order == NONE))
    visit = visits[rng.integers(0, max(len(visits), 1), len(topic))] if len(visits) else np.zeros(0, dtype=np.int64)
    topic = topic[: len(visit)]
    outcome = np.repeat([CONTAINED, LEFT], [int(settled.sum()), int(left.sum())])[: len(visit)]
    size = len(chats) + len(back) + len(visit)
    at = np.r_[
        contacts.at[chats] - rng.integers(40, 200, len(chats)),
        contacts.at[back] - rng.integers(1800, 3 * 86_400, len(back)),
        sessions.at[visit] + rng.integers(20, 400, len(visit)),
    ]
    person = np.r_[contacts.person[chats], contacts.person[back], sessions.person[visit]]
    people = world.people
    has_account = people.account_day[person] <= local_day(at)
    is_known = has_account & np.r_[rng.random(len(chats) + len(back)) < 0.7, sessions.is_logged_in[visit]]
    made = Conversations(
        person=np.where(is_known, person, NONE),
        truly=person,
        at=at,
        topic=np.r_[contacts.topic[chats], contacts.topic[back], topic].astype(np.int64),
        outcome=np.r_[np.full(len(chats), HANDED_OVER), np.full(len(back), CONTAINED), outcome].astype(np.int64),
        contact=np.r_[chats, np.full(len(back) + len(visit), NONE)].astype(np.int64),
        is_settled=np.r_[np.zeros(len(chats) + len(back), dtype=np.bool_), outcome == CONTAINED],
        in_app=np.r_[rng.random(len(chats) + len(back)) < 0.25, sessions.device[visit] == PHONE_APP],
        turns=2 + rng.poisson(3.0, size),
        draw=rng.integers(0, 1 << 20, size),
    )
    made = made.take((made.at >= world.window.start) & (made.at < world.window.end))
    return made.take(np.lexsort((made.truly, made.at)))


def _ids(rows: Ints) -> pa.Array:
    return joined("bot-", padded(rows + 1, 8))


def write_conversations(scene: Scene, conversations: Conversations, landing: Landing) -> None:
    """bot_YYYY-MM-DD.jsonl, weekly: one object per conversation, in the week it began."""
    world, people = scene.world, scene.world.people
    rng = stream(world.seed, "bot export")
    sundays = world.window.sundays()
    conversations = conversations.take(week_end(local_day(conversations.at)) <= world.window.last)
    file = np.searchsorted(sundays, week_end(local_day(conversations.at)))
    size = len(conversations)
    account = blank(people.account.take(pa.array(np.maximum(conversations.person, 0))), conversations.person == NONE)
    lists = [messages(topic) for topic in TOPICS]
    counts = np.array([len(words) for words in lists])
    offsets = np.cumsum(counts) - counts
    first = pick(
        pa.concat_arrays(lists), offsets[conversations.topic] + conversations.draw % counts[conversations.topic]
    )
    ended_at = conversations.at + conversations.turns * rng.integers(12, 40, size)
    liked = rng.random(size) < np.where(conversations.is_settled, 0.82, 0.28)
    rated = (rng.random(size) < 0.3) & (conversations.outcome != LEFT)
    scene.sightings.add("web", account, conversations.truly, "exact")
    files = [FileKey(f"bot_{day_of(int(d))}.jsonl", int(d)) for d in sundays]

    def cells(rows: Ints) -> Cells:
        part = conversations.take(rows)
        taken = pa.array(rows)
        handed = part.contact != NONE
        return {
            "id": joined('"', _ids(rows), '"'),
            "started_at": joined('"', utc_text(part.at), '"'),
            "ended_at": joined('"', utc_text(ended_at[rows]), '"'),
            "surface": choose(part.in_app, '"app"', '"web"'),
            "web_account": json_text(account.take(taken)),
            "intent": pick(pa.array([f'"{topic}"' for topic in TOPICS]), part.topic),
            "turns": numbers(part.turns),
            "outcome": pick(pa.array([f'"{outcome}"' for outcome in OUTCOMES]), part.outcome),
            "resolution": pick(pa.array(['"answered"', '"transferred"', None], pa.string()), part.outcome),
            "ticket_id": blank(numbers(FIRST_TICKET + part.contact), ~handed),
            "is_helpful": blank(choose(liked[rows], "true", "false"), ~rated[rows]),
            "first_message": json_text(first.take(taken)),
        }

    landing.write_text("bot_conversations", files, file, cells, Dialect(kind="jsonl"))


def truth_of_conversations(conversations: Conversations) -> pd.DataFrame:
    """One row per conversation: who it was, and whether the question was really answered."""
    return pd.DataFrame(
        {
            "conversation_id": _ids(np.arange(len(conversations), dtype=np.int64)).to_pandas(),
            "person_id": person_ids(conversations.truly).to_pandas(),
            "topic": pick(pa.array(TOPICS), conversations.topic).to_pandas(),
            "outcome": pick(pa.array(OUTCOMES), conversations.outcome).to_pandas(),
            "is_settled": conversations.is_settled,
        }
    )
