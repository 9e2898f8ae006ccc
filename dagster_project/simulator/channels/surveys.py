"""Survey invitations and answers: transactional NPS after orders, CSAT and CES after service contacts, relational NPS
twice a year.

One row per invitation in the week of the invitation, and again in the week of the answer, as it stands at the week's
end. Answers come from what the person lived through: difficult and slow contacts, transfers between channels, returns.
Some answer again a day or two later, with another score under the same text; the latest answer counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.simulator.behaviour import APP, MARKETPLACE, SALES_CHANNELS, SERVICE_CHANNELS, STORE, awake
from dagster_project.simulator.calendar import DAY, day_of, local_day, local_text, month_of, to_utc, week_end
from dagster_project.simulator.channels.pos import Tickets
from dagster_project.simulator.channels.shop import ShopRecords
from dagster_project.simulator.channels.support import FIRST_TICKET
from dagster_project.simulator.columns import (
    NONE,
    Flags,
    Floats,
    Ints,
    Table,
    Text,
    blank,
    choose,
    constant,
    joined,
    numbers,
    padded,
    pick,
    stream,
)
from dagster_project.simulator.places import store_codes
from dagster_project.simulator.records import Scene, key_of
from dagster_project.simulator.render import Cells, quoted
from dagster_project.simulator.sales import COLLECT, LATER
from dagster_project.simulator.verbatims import MOODS, labels, matters, verbatims
from dagster_project.simulator.writers import Dialect, FileKey, Landing

ANSWERS_AGAIN = 0.06  # of those who answer
_NPS, _CSAT, _CES = range(3)
_CHANNELS = pa.array([*SALES_CHANNELS, *SERVICE_CHANNELS])
_SALES, _SERVICE, _DELIVERY, _APP_USE = range(4)


@dataclass(frozen=True)
class Invitations(Table):
    """One row per invitation, sorted by time. `channel`: index of sales then service channels; `answered_at` LATER
    without answer, `answered_again_at` without a second one, whose score is `second_score`.
    """

    person: Ints
    survey: Ints
    is_relational: Flags
    at: Ints
    interaction: Ints
    channel: Ints
    order: Ints
    contact: Ints
    score: Ints
    answered_at: Ints
    transfer_to: Ints
    repeated: Ints
    has_text: Flags
    draw: Ints
    answered_again_at: Ints
    second_score: Ints


def make_invitations(scene: Scene, tickets: Tickets, shop: ShopRecords) -> Invitations:
    """Everyone asked in the window, with the answer they give."""
    world, bills = scene.world, scene.sales.bills
    orders, contacts, people, window = world.orders, world.contacts, world.people, world.window
    rng = stream(world.seed, "surveys")

    trouble = np.zeros(len(people))  # what difficult contacts left behind, per person
    np.add.at(trouble, contacts.person, np.clip(4.5 - contacts.ease, 0, 4) * 0.8)

    known = np.asarray(shop.email.is_valid()) & (orders.channel != MARKETPLACE) & (orders.channel != STORE)
    sales = tickets.kind == 0
    shows = np.zeros(len(orders), dtype=np.bool_)
    shows[tickets.order[sales]] = (tickets.shows_card | tickets.gives_email)[sales]
    known |= shows & people.has_email[orders.person]
    asked = np.flatnonzero(known & (bills.cancelled_at == LATER) & (rng.random(len(orders)) < 0.42))
    about_delivery = (orders.channel[asked] != STORE) & (rng.random(len(asked)) < 0.4)
    about_app = (orders.channel[asked] == APP) & ~about_delivery & (rng.random(len(asked)) < 0.4)
    at = np.where(orders.channel[asked] == STORE, orders.at[asked] + DAY, bills.fulfilled_at[asked] + 3 * DAY)
    base = (
        np.array([8.5, 8.3, 8.9, 8.2, 8.0])[orders.channel[asked]]
        - 0.7 * about_delivery
        - 0.6 * (bills.refund[asked] > 0)
    )
    order_part = _invite(
        rng,
        orders.person[asked],
        _NPS,
        at,
        np.where(about_app, _APP_USE, np.where(about_delivery, _DELIVERY, _SALES)),
        orders.channel[asked],
        asked,
        np.full(len(asked), NONE),
        _nps(rng, base - 0.5 * trouble[orders.person[asked]]),
        0.24,
    )
    collected = (bills.delivery[asked] == COLLECT) & bills.is_shop[asked]
    order_part = _with(
        order_part,
        transfer_to=np.where(collected, STORE, NONE),
        repeated=np.where(collected, (rng.random(len(asked)) < 0.15).astype(np.int64), NONE),
    )

    parts = [order_part]
    solved = contacts.at + (contacts.solve_hours * 3600).astype(np.int64)
    for survey in (_CSAT, _CES):
        chosen = np.flatnonzero(people.has_email[contacts.person] & (rng.random(len(contacts)) < 0.62))
        if survey == _CES:
            score = contacts.ease[chosen]
        else:
            felt = 1.2 + contacts.ease[chosen] * 0.55 + rng.normal(0, 0.7, len(chosen))
            score = np.clip(np.rint(felt), 1, 5).astype(np.int64)
        part = _invite(
            rng,
            contacts.person[chosen],
            survey,
            solved[chosen] + 3600,
            np.full(len(chosen), _SERVICE),
            5 + contacts.channel[chosen],
            np.full(len(chosen), NONE),
            chosen,
            score,
            0.36,
        )
        passed = contacts.transfers[chosen] > 0
        other = (contacts.channel[chosen] + 1 + rng.integers(0, 4, len(chosen))) % 5
        parts.append(
            _with(
                part,
                transfer_to=np.where(passed, 5 + other, NONE),
                repeated=np.where(passed, (rng.random(len(chosen)) < 0.62).astype(np.int64), NONE),
            )
        )

    days = window.every_day()
    for day in days[(month_of(days) % 6 == 3) & (_day_in_month(days) == 16)]:
        instant = int(to_utc(np.array([day]), np.array([36_000]))[0])
        customers = people.has_email & ~people.is_prospect & (people.arrived_at < instant - 20 * DAY)
        chosen = np.flatnonzero(customers & (rng.random(len(people)) < 0.33))
        gone = world.life.dropout_at[chosen] < instant
        felt = 8.8 - 0.7 * trouble[chosen] - 1.0 * gone
        channel = np.where(people.has_account[chosen], np.where(people.takes_push[chosen], APP, 0), STORE)
        parts.append(
            _with(
                _invite(
                    rng,
                    chosen,
                    _NPS,
                    instant + rng.integers(0, 7200, len(chosen)),
                    np.full(len(chosen), _SALES),
                    channel,
                    np.full(len(chosen), NONE),
                    np.full(len(chosen), NONE),
                    _nps(rng, felt),
                    0.2,
                ),
                is_relational=np.ones(len(chosen), dtype=np.bool_),
            )
        )
    everything = Invitations.concat(parts)
    everything = everything.take((everything.at < window.end) & (everything.at >= window.start))
    return _some_answer_again(
        everything.take(np.lexsort((everything.survey, everything.person, everything.at))), world.seed
    )


def _some_answer_again(invitations: Invitations, seed: int) -> Invitations:
    rng = stream(seed, "surveys answered again")
    size = len(invitations)
    again = (invitations.answered_at < LATER) & (rng.random(size) < ANSWERS_AGAIN)
    at = invitations.answered_at + DAY + (rng.random(size) * DAY).astype(np.int64)
    score = invitations.score + rng.choice([-2, -1, 1, 2], size)
    return _with(
        invitations,
        answered_again_at=np.where(again, at, LATER),
        second_score=np.clip(score, np.array([0, 1, 1])[invitations.survey], np.array([10, 5, 7])[invitations.survey]),
    )


def _day_in_month(days: Ints) -> Ints:
    return days - days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) + 1


def _nps(rng: np.random.Generator, felt: Floats) -> Ints:
    return np.clip(np.rint(felt + rng.normal(0, 1.9, len(felt))), 0, 10).astype(np.int64)


def _invite(
    rng: np.random.Generator,
    person: Ints,
    survey: int,
    at: Ints,
    interaction: Ints,
    channel: Ints,
    order: Ints,
    contact: Ints,
    score: Ints,
    answers: float,
) -> Invitations:
    size, at = len(person), awake(at)
    none = np.full(size, NONE, dtype=np.int64)
    answered = rng.random(size) < answers
    answered_at = np.where(answered, at + 120 + rng.exponential(1.1 * DAY, size).astype(np.int64), LATER)
    return Invitations(
        person=person,
        survey=np.full(size, survey, dtype=np.int64),
        is_relational=np.zeros(size, dtype=np.bool_),
        at=at,
        interaction=interaction.astype(np.int64),
        channel=channel.astype(np.int64),
        order=order.astype(np.int64),
        contact=contact.astype(np.int64),
        score=score,
        answered_at=answered_at,
        transfer_to=none,
        repeated=none.copy(),
        has_text=rng.random(size) < 0.42,
        draw=rng.integers(0, 1 << 20, size),
        answered_again_at=np.full(size, LATER, dtype=np.int64),
        second_score=score,
    )


def _with(invitations: Invitations, **changes: Ints | Flags) -> Invitations:
    return Invitations(**(vars(invitations) | changes))


def write_responses(
    scene: Scene, invitations: Invitations, shop: ShopRecords, order_keys: Text, landing: Landing
) -> None:
    """survey_responses_YYYY-MM-DD.csv, weekly."""
    world, people = scene.world, scene.world.people
    sundays = world.window.sundays()
    asked_week = np.searchsorted(sundays, week_end(local_day(invitations.at)))
    answered_week = _weeks(invitations.answered_at, sundays)
    last_week = np.where(
        invitations.answered_again_at == LATER, answered_week, _weeks(invitations.answered_again_at, sundays)
    )
    number = np.arange(len(invitations))
    again = (answered_week != NONE) & (answered_week != asked_week)
    once_more = last_week != answered_week
    row = np.r_[number, number[again], number[once_more]]
    week = np.r_[asked_week, answered_week[again], last_week[once_more]]
    kept = np.flatnonzero(week < len(sundays))
    kept = kept[np.lexsort((row[kept], week[kept]))]
    row, week = row[kept], week[kept]
    day = local_day(invitations.at)
    address = scene.address(invitations.person, day, np.zeros(len(invitations), dtype=np.bool_))
    if len(world.orders):
        from_shop = (invitations.order != NONE) & (invitations.channel < 5) & (invitations.channel != STORE)
        address = choose(from_shop, shop.email.take(pa.array(np.maximum(invitations.order, 0))), address)
    seen = np.unique(row)
    scene.sightings.add("survey", key_of("email", address.take(pa.array(seen))), invitations.person[seen], "exact")
    files = [FileKey(f"survey_responses_{day_of(int(d))}.csv", int(d)) for d in sundays]
    stores = scene.sales.bills.store
    answers = _texts(invitations, people.is_english[invitations.person])
    # A defect may not silence an answer: only rows that a later week repeats, or that were never answered.
    eligible = (answered_week[row] == NONE) | (week < answered_week[row])

    def cells(rows: Ints) -> Cells:
        which = row[rows]
        taken = pa.array(which)
        part = invitations.take(which)
        answered = (answered_week[which] != NONE) & (answered_week[which] <= week[rows])
        in_store = (part.channel == STORE) & (part.order != NONE)
        store = np.where(
            in_store,
            stores[np.maximum(part.order, 0)] if len(stores) else NONE,
            np.where((part.channel == 9) | (part.channel == STORE), people.store[part.person], NONE),
        )
        # The week's end shows the answer given by then: of two in a week the second.
        second = (part.answered_again_at < LATER) & (last_week[which] <= week[rows])
        score = blank(numbers(np.where(second, part.second_score, part.score)), ~answered)
        responded_at = np.where(second, part.answered_again_at, np.where(answered, part.answered_at, part.at))
        return {
            "invitation_id": _invitation_ids(which),
            "response_id": blank(joined("RSP", padded(which + 1, 8), choose(second, "-2", "")), ~answered),
            "survey": pick(pa.array(["nps", "csat", "ces"]), part.survey),
            "survey_type": choose(part.is_relational, "relational", "transactional"),
            "invited_at": local_text(part.at),
            "responded_at": blank(local_text(responded_at), ~answered),
            "email": address.take(taken),
            "score": score,
            "interaction_type": pick(pa.array(["sales", "service", "delivery", "app"]), part.interaction),
            "channel_role": choose(part.channel >= 5, "service", "sales"),
            "channel": pick(_CHANNELS, part.channel),
            "store_code": pick(store_codes(), store),
            "ticket_id": blank(numbers(FIRST_TICKET + part.contact), part.contact == NONE),
            "order_reference": blank(order_keys.take(pa.array(np.maximum(part.order, 0))), part.order == NONE)
            if len(order_keys)
            else constant(None, len(rows)),
            "language": choose(people.is_english[part.person], "en", "fr"),
            "verbatim": blank(quoted(answers.take(taken)), ~answered | ~part.has_text),
            "channel_from": blank(pick(_CHANNELS, part.channel), part.transfer_to == NONE),
            "channel_to": pick(_CHANNELS, part.transfer_to),
            "repeated_information": blank(pick(pa.array(["no", "yes"]), part.repeated), ~answered),
        }

    landing.write_text("survey_responses", files, week, cells, Dialect(), eligible)


def _weeks(at: Ints, sundays: Ints) -> Ints:
    """The week, as an index of `sundays`, of each instant; NONE where it is LATER."""
    day = local_day(np.where(at == LATER, 0, at))
    return np.where(at == LATER, NONE, np.searchsorted(sundays, week_end(day)))


def _invitation_ids(rows: Ints) -> Text:
    return joined("INV", padded(rows + 1, 8))


def _moods(invitations: Invitations) -> Ints:
    """Index of verbatims.MOODS that fits the score."""
    share = invitations.score / np.array([10, 5, 7])[invitations.survey]
    return np.where(share >= 0.85, 0, np.where(share >= 0.62, 1, 2))


def _texts(invitations: Invitations, is_english: Flags) -> Text:
    """A verbatim per invitation that fits its score."""
    mood = _moods(invitations)
    out = constant("", len(invitations))
    for number, name in enumerate(MOODS):
        for english in (False, True):
            words = verbatims("en" if english else "fr", name)
            out = choose((mood == number) & (is_english == english), pick(words, invitations.draw % len(words)), out)
    return out


def truth_of_verbatims(scene: Scene, invitations: Invitations) -> pd.DataFrame:
    """One row per answer with a text: its language, topic and mood."""
    is_english, mood = scene.world.people.is_english[invitations.person], _moods(invitations)
    topic = np.zeros(len(invitations), dtype=np.int64)
    for number, name in enumerate(MOODS):
        for english in (False, True):
            matter = matters("en" if english else "fr", name)
            fits = (mood == number) & (is_english == english)
            topic[fits] = matter[invitations.draw[fits] % len(matter)]
    written = np.flatnonzero(invitations.has_text & (invitations.answered_at < LATER))
    return labels("survey_responses", _invitation_ids(written), is_english[written], topic[written], mood[written])
