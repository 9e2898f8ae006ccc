"""What the people do: touches, orders, service contacts, dropout. The causes are known, and kept.

Model
-----
Orders of person i while alive come from additive hazards:

    h_i(t) = lambda_i s(t)  +  sum over earlier touches k of  effect_c(k) g_i / delay_c(k) exp(-(t - t_k) / delay_c(k))

lambda_i ~ Gamma(r, alpha) (orders a day), s the mild season, g_i = min(lambda_i / E lambda, 4). Life after arrival
lasts Exp(mu_i) days with mu_i ~ Gamma(s, beta): Pareto/NBD (Schmittlein, Morrison, Colombo 1987), plus the touches.
Each order is drawn from one of the terms, and that term is its label: the baseline, or one touch. `direct` has effect
0. A difficult service contact and a slow resolution add to the dropout hazard at the moment of resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagster_project.simulator.calendar import DAY, LAST_DAY, Window, local_day, to_local, to_utc, weekday
from dagster_project.simulator.columns import NONE, Flags, Floats, Ints, Table, runs, stream
from dagster_project.simulator.marketing import (
    AFFILIATE,
    CAMPAIGNS,
    CHAT,
    DIRECT,
    DISPLAY,
    NEVER,
    ORGANIC_SEARCH,
    ORGANIC_SOCIAL,
    PAID_SEARCH,
    PAID_SOCIAL,
    PHONE,
    PUSH,
    REFERRAL,
    SEASON_PEAK,
    TOUCH_DELAY,
    TOUCH_EFFECT,
    Exposures,
    Sends,
    experiments,
    mailings,
    season,
    send_mailings,
)
from dagster_project.simulator.people import People
from dagster_project.simulator.places import places

# Purchase process: lambda ~ Gamma(shape R, rate ALPHA days), mu ~ Gamma(shape S, rate BETA days).
R, ALPHA, S, BETA = 0.9, 140.0, 1.2, 620.0
GAIN_CAP = 4.0
VISITS_PER_DAY = 8.5 / 730
AFTER_DROPOUT = 0.2  # share of the visits that remain once a person has left
SALES_CHANNELS = ("web", "app", "store", "phone", "marketplace")
WEB, APP, STORE, PHONE_ORDER, MARKETPLACE = range(5)
SERVICE_CHANNELS = ("phone", "email", "chat", "social", "store")
DIFFICULT_HAZARD, SLOW_HAZARD, SLOW_HOURS = 0.50, 0.35, 72.0
TEST_OFFER = 2.5  # a click on the mailing of an experiment, whose offer is strong, causes this many times as much
NAVIGATIONAL_SHARE = (
    0.12  # of the orders born of the baseline: their own visit came through search, which caused nothing
)

_VISIT_MIX = {
    ORGANIC_SEARCH: 0.25,
    PAID_SEARCH: 0.18,
    DIRECT: 0.22,
    PAID_SOCIAL: 0.11,
    DISPLAY: 0.05,
    AFFILIATE: 0.05,
    ORGANIC_SOCIAL: 0.06,
    REFERRAL: 0.04,
    PUSH: 0.04,
}
_FIRST_MIX = {
    ORGANIC_SEARCH: 0.22,
    PAID_SEARCH: 0.30,
    PAID_SOCIAL: 0.20,
    DISPLAY: 0.05,
    AFFILIATE: 0.11,
    ORGANIC_SOCIAL: 0.06,
    REFERRAL: 0.06,
}
FIRST_BASELINE_SHARE = 0.52


@dataclass(frozen=True)
class Life(Table):
    """One row per person: purchase rate and dropout rate a day; instants of natural and of actual dropout (NEVER: not
    at all).
    """

    rate: Floats
    gain: Floats
    dropout_rate: Floats
    natural_dropout_at: Ints
    dropout_at: Ints


@dataclass(frozen=True)
class Touches(Table):
    """One row per touch. `origin`: 0 visit, 1 click on a send, 2 service contact, 3 the visit of an order; `send`:
    row of Sends.
    """

    person: Ints
    at: Ints
    channel: Ints
    campaign: Ints
    effect: Floats
    origin: Ints
    send: Ints
    draw: Floats


@dataclass(frozen=True)
class Orders(Table):
    """One row per order placed. `touch`: row of Touches that caused it, NONE for the baseline; `experiment`: index
    when the order exists only because its buyer was treated; `visit`: touch row whose session holds the purchase,
    NONE for a visit of its own.
    """

    person: Ints
    at: Ints
    channel: Ints
    touch: Ints
    experiment: Ints
    visit: Ints
    is_first: Flags


@dataclass(frozen=True)
class Contacts(Table):
    """One row per service contact. `topic`: index of verbatims.TOPICS; `ease`: 1 very difficult .. 7 very easy, as
    felt.
    """

    person: Ints
    at: Ints
    order: Ints
    touch: Ints
    topic: Ints
    channel: Ints
    reply_hours: Floats
    solve_hours: Floats
    reopened: Flags
    transfers: Ints
    ease: Ints
    hazard: Floats
    caused_dropout: Flags


@dataclass(frozen=True)
class World:
    """Everything that happened, before any system wrote it down."""

    window: Window
    seed: int
    people: People
    life: Life
    sends: Sends
    touches: Touches
    orders: Orders
    contacts: Contacts
    exposures: Exposures


def live(people: People, window: Window, seed: int) -> World:
    """Let the people live through the window. Orders, touches and contacts are sorted by time."""
    rng = stream(seed, "life")
    size = len(people)
    rate = np.where(people.is_prospect, 0.0, rng.gamma(R, 1 / ALPHA, size))
    gain = np.minimum(rate * ALPHA / R, GAIN_CAP)
    dropout_rate = rng.gamma(S, 1 / BETA, size)
    lifetime = np.minimum(rng.exponential(1.0, size) / np.maximum(dropout_rate, 1e-9), 1e5)
    # Lives are told to the end of the simulator's calendar (2040), decades after any window.
    natural = np.minimum(people.arrived_at + (lifetime * DAY).astype(np.int64), LAST_DAY * DAY)
    natural = np.where(people.is_prospect, NEVER, natural)
    preference = _preferences(people, stream(seed, "preferences"))

    sends, mail_exposures = send_mailings(people, window, seed, natural)
    touches = _touches(people, window, seed, gain, sends)
    first_orders, first_touches = _first_orders(people, window, seed, preference)
    first_orders = _shifted(first_orders, len(touches))
    touches = Touches.concat([touches, first_touches])
    caused = _orders_of_touches(people, touches, sends, window, seed, preference)
    baseline = _baseline_orders(people, rate, window, seed, preference)
    extra, site_exposures = _site_experiment(people, rate, natural, touches, window, seed, preference)
    orders = Orders.concat([first_orders, caused, baseline, extra])
    orders = orders.take((orders.at < window.end - 3600) & (orders.at < natural[orders.person]))
    orders = orders.take(np.lexsort((orders.person, orders.at)))

    contacts = _contacts(people, orders, touches, window, seed)
    contacts = contacts.take(contacts.at < np.where(contacts.touch == NONE, natural[contacts.person], NEVER))
    dropout, contacts = _leave(contacts, natural, seed)

    keep_order = orders.at < dropout[orders.person]
    keep_touch = (touches.at < dropout[touches.person]) | (touches.draw < AFTER_DROPOUT)
    keep_contact = np.where(
        contacts.touch == NONE,
        (contacts.at < dropout[contacts.person]) & ((contacts.order == NONE) | keep_order[contacts.order]),
        keep_touch[contacts.touch],
    )
    # The touch that caused a kept order is kept: it came before the order, so before the dropout.
    orders, touches, contacts = _renumber(orders, touches, contacts, keep_order, keep_touch, keep_contact)
    touches, orders, contacts = _navigational(people, touches, orders, contacts, seed)
    exposures = Exposures.concat([mail_exposures, site_exposures])
    lively = Life(rate, gain, dropout_rate, natural, dropout)
    return World(window, seed, people, lively, sends, touches, orders, contacts, exposures)


def _preferences(people: People, rng: np.random.Generator) -> Floats:
    """Chance of each sales channel per person (rows sum to 1). Shape: people x 5."""
    reachable = people.has_email
    shape = np.column_stack(
        [
            np.where(reachable, 1.1, 0.02),
            np.where(people.has_account & people.takes_push, 0.9, np.where(people.has_account, 0.25, 0.0)),
            np.where(people.has_card, 1.6, 0.7) * places().store_share[people.city],
            np.where(people.is_anonymous, 0.0, 0.10),
            np.where(reachable, 0.16, 0.0),
        ]
    )
    shape[people.is_anonymous] = (0.0, 0.0, 1.0, 0.0, 0.0)
    weight = rng.gamma(np.maximum(shape, 1e-12), 1.0) * (shape > 0) + (shape > 0) * 1e-9
    weights: Floats = weight / weight.sum(axis=1, keepdims=True)
    return weights


def _draw_channel(rng: np.random.Generator, preference: Floats, person: Ints, digital: Flags | None = None) -> Ints:
    """A sales channel per row of `person`; half of the `digital` rows lean to web and app where the person uses
    them.
    """
    weight = preference[person].copy()
    if digital is not None:
        lean = digital & (rng.random(len(person)) < 0.5) & (weight[:, WEB] + weight[:, APP] > 0.01)
        weight[lean] *= (1.0, 1.0, 0.08, 0.2, 0.2)
    edges = np.cumsum(weight, axis=1)
    draw = rng.random(len(person)) * edges[:, -1]
    channel: Ints = np.minimum((draw[:, None] >= edges).sum(axis=1), 4).astype(np.int64)
    return channel


def _at_hours(rng: np.random.Generator, day: Ints) -> Ints:
    """An instant on each day: people shop at noon and in the evening."""
    size = len(day)
    noon, evening = rng.normal(12.8, 2.2, size), rng.normal(20.3, 1.6, size)
    hour = np.clip(np.where(rng.random(size) < 0.5, noon, evening), 7.0, 23.3)
    return to_utc(day, (hour * 3600).astype(np.int64))


def awake(at: Ints) -> Ints:
    """Instants at night moved to the morning after."""
    second = to_local(at) % DAY
    moved: Ints = np.where(second < 7 * 3600, at + 8 * 3600 - second // 2, at)
    return moved


def _in_store_hours(rng: np.random.Generator, at: Ints, after: Ints) -> Ints:
    """Instants moved into opening hours (Monday to Saturday, 10:00 to 19:30) and behind `after`."""
    day: Ints = local_day(at)
    day = day + (weekday(day) == 7)
    moved = to_utc(day, rng.integers(10 * 3600, 19 * 3600 + 1800, len(at)))
    day = np.where(moved <= after, day + 1, day)
    day = day + (weekday(day) == 7)
    return np.where(moved <= after, to_utc(day, rng.integers(10 * 3600, 19 * 3600 + 1800, len(at))), moved)


def _placed(
    rng: np.random.Generator, people: People, person: Ints, at: Ints, channel: Ints, after: Ints
) -> tuple[Ints, Ints]:
    """(instant, channel) as they can be: stores open, app only with an account. The order stays behind `after`."""
    day = local_day(at)
    channel = np.where((channel == APP) & (day < people.account_day[person]), WEB, channel)
    at = np.where(channel == STORE, _in_store_hours(rng, at, after), np.maximum(at, after + 60))
    return at, channel


def _touches(people: People, window: Window, seed: int, gain: Floats, sends: Sends) -> Touches:
    """Visits, clicks and advice contacts of everybody through the window, as if nobody ever left."""
    rng = stream(seed, "touches")
    size = len(people)
    begin = np.maximum(people.arrived_at - 25 * DAY, window.start)
    days = (window.end - begin) / DAY
    keen = rng.gamma(1.3, 1 / 1.3, size) * np.where(people.is_anonymous, 0.0, 1.0)
    counts = rng.poisson(VISITS_PER_DAY * SEASON_PEAK * days * keen)
    person, _ = runs(counts)
    at = begin[person] + (rng.random(len(person)) * days[person] * DAY).astype(np.int64)
    kept = rng.random(len(person)) < season(at) / SEASON_PEAK
    person, at = person[kept], at[kept]
    at = _at_hours(rng, local_day(at))
    channel = _mix(rng, _VISIT_MIX, len(person))
    app_user = people.takes_push[person] & (local_day(at) >= people.account_day[person])
    channel = np.where((channel == PUSH) & ~app_user, DIRECT, channel)

    clicked = np.flatnonzero(sends.clicked_at)
    click_channel = np.array([mailing.channel for mailing in mailings(window, seed)])[sends.mailing[clicked]]

    advice_counts = rng.poisson(np.where(people.is_anonymous, 0.0, 0.12) * window.days / 730, size)
    adviser, _ = runs(advice_counts)
    advice_at = window.start + (rng.random(len(adviser)) * (window.end - window.start)).astype(np.int64)
    advice_at = to_utc(local_day(advice_at), rng.integers(9 * 3600, 19 * 3600, len(adviser)))
    advice_channel = np.where(rng.random(len(adviser)) < 0.6, PHONE, CHAT)

    all_person = np.r_[person, sends.person[clicked], adviser]
    all_channel = np.r_[channel, click_channel, advice_channel].astype(np.int64)
    all_at = np.r_[at, sends.clicked_at[clicked], advice_at]
    origin = np.repeat([0, 1, 2], [len(person), len(clicked), len(adviser)])
    send = np.r_[np.full(len(person), NONE), clicked, np.full(len(adviser), NONE)]
    is_new = all_at < people.arrived_at[all_person] + 30 * DAY
    inside = all_at < window.end - 3 * 3600
    test_of_mailing = np.array([mailing.experiment for mailing in mailings(window, seed)])
    in_test = np.zeros(len(all_person), dtype=np.bool_)
    in_test[len(person) : len(person) + len(clicked)] = test_of_mailing[sends.mailing[clicked]] != NONE
    touches = Touches(
        person=all_person,
        at=all_at,
        channel=all_channel,
        campaign=_campaigns(rng, all_channel, is_new),
        effect=np.array(TOUCH_EFFECT)[all_channel]
        * gain[all_person]
        * (all_at >= people.arrived_at[all_person])
        * np.where(in_test, TEST_OFFER, 1.0),
        origin=origin,
        send=send,
        draw=rng.random(len(all_person)),
    )
    return touches.take(inside)


def _mix(rng: np.random.Generator, mix: dict[int, float], size: int) -> Ints:
    return rng.choice(
        np.array(list(mix), dtype=np.int64), size=size, p=np.array(list(mix.values())) / sum(mix.values())
    )


def _campaigns(rng: np.random.Generator, channel: Ints, is_new: Flags) -> Ints:
    """An ad campaign per touch of a paid channel: acquisition campaigns meet new people, retention campaigns
    customers.
    """
    out = np.full(len(channel), NONE, dtype=np.int64)
    for code in sorted({campaign.channel for campaign in CAMPAIGNS}):
        options = [i for i, campaign in enumerate(CAMPAIGNS) if campaign.channel == code]
        for new in (True, False):
            rows = np.flatnonzero((channel == code) & (is_new == new))
            fit = [CAMPAIGNS[i].share * (_FIT_NEW if new else _FIT_KNOWN)[CAMPAIGNS[i].purpose] for i in options]
            out[rows] = rng.choice(options, size=len(rows), p=np.array(fit) / sum(fit))
    return out


_FIT_NEW = {"ACQ": 1.0, "BRD": 0.6, "RET": 0.03}
_FIT_KNOWN = {"ACQ": 0.35, "BRD": 0.7, "RET": 1.6}


def _orders_of_touches(
    people: People, touches: Touches, sends: Sends, window: Window, seed: int, preference: Floats
) -> Orders:
    """Orders caused by touches (first orders apart). A third of those caused by a visit are placed in that visit."""
    rng = stream(seed, "orders of touches")
    counts = rng.poisson(np.where(touches.origin == 3, 0.0, touches.effect))
    touch, ordinal = runs(counts)
    person, channel_of_touch = touches.person[touch], touches.channel[touch]
    delay = 600 + (rng.exponential(1.0, len(touch)) * np.array(TOUCH_DELAY)[channel_of_touch] * DAY).astype(np.int64)
    by_contact = touches.origin[touch] == 2
    channel = _draw_channel(rng, preference, person, digital=~by_contact)
    by_phone = (channel_of_touch == PHONE) & (rng.random(len(touch)) < 0.45)
    channel = np.where(by_phone, PHONE_ORDER, channel)
    at = awake(touches.at[touch] + delay)
    at, channel = _placed(rng, people, person, at, channel, touches.at[touch])
    at_once = (rng.random(len(touch)) < 0.34) & (channel <= APP) & ~by_contact & (ordinal == 0)
    at = np.where(at_once, touches.at[touch] + rng.integers(480, 1300, len(touch)), at)
    test_of_mailing = np.array([mailing.experiment for mailing in mailings(window, seed)], dtype=np.int64)
    send = touches.send[touch]
    test = np.where(send == NONE, NONE, test_of_mailing[sends.mailing[send]])
    return Orders(
        person=person,
        at=at,
        channel=channel,
        touch=touch,
        experiment=test,
        visit=np.where(at_once, touch, NONE),
        is_first=np.zeros(len(touch), dtype=np.bool_),
    )


def _first_orders(people: People, window: Window, seed: int, preference: Floats) -> tuple[Orders, Touches]:
    """The first orders of those who arrive in the window: about half born of the baseline, the others of a touch
    before them.
    """
    rng = stream(seed, "first orders")
    person = np.flatnonzero((people.arrived_at >= window.start) & ~people.is_prospect)
    at = people.arrived_at[person]
    is_touch = (rng.random(len(person)) > FIRST_BASELINE_SHARE) & ~people.is_anonymous[person]
    cause = np.flatnonzero(is_touch)
    touch_channel = _mix(rng, _FIRST_MIX, len(cause))
    channel = _draw_channel(rng, preference, person, digital=is_touch)
    at, channel = _placed(rng, people, person, at, channel, np.zeros(len(person), dtype=np.int64))
    at_once = np.zeros(len(person), dtype=np.bool_)
    at_once[cause] = (rng.random(len(cause)) < 0.34) & (channel[cause] <= APP)
    delay = 900 + (rng.exponential(1.0, len(cause)) * np.array(TOUCH_DELAY)[touch_channel] * DAY).astype(np.int64)
    delay = np.where(at_once[cause], rng.integers(480, 1300, len(cause)), delay)
    touch_at = at[cause] - delay
    touch_at = np.where(touch_at < window.start, at[cause] - 600 - (at[cause] - window.start) // 2, touch_at)
    touches = Touches(
        person=person[cause],
        at=touch_at,
        channel=touch_channel,
        campaign=_campaigns(rng, touch_channel, np.ones(len(cause), dtype=np.bool_)),
        effect=np.array(TOUCH_EFFECT)[touch_channel],
        origin=np.full(len(cause), 3, dtype=np.int64),
        send=np.full(len(cause), NONE, dtype=np.int64),
        draw=np.zeros(len(cause)),
    )
    number = np.full(len(person), NONE, dtype=np.int64)
    number[cause] = np.arange(len(cause))
    return Orders(
        person=person,
        at=at,
        channel=channel,
        touch=number,
        experiment=np.full(len(person), NONE, dtype=np.int64),
        visit=np.where(at_once, number, NONE),
        is_first=np.ones(len(person), dtype=np.bool_),
    ), touches


def _shifted(orders: Orders, by: int) -> Orders:
    """The orders with touch rows moved by `by`, because their touches are appended behind others."""

    def move(column: Ints) -> Ints:
        return np.where(column == NONE, NONE, column + by)

    return Orders(**(vars(orders) | {"touch": move(orders.touch), "visit": move(orders.visit)}))


def _baseline_orders(people: People, rate: Floats, window: Window, seed: int, preference: Floats) -> Orders:
    """Orders of the baseline hazard lambda_i s(t), from arrival to the window's end."""
    rng = stream(seed, "baseline orders")
    person, at = poisson_times(rng, rate, np.maximum(people.arrived_at, window.start), window.end)
    return _unprompted(rng, people, person, at, preference)


def poisson_times(rng: np.random.Generator, rate: Floats, begin: Ints, end: int) -> tuple[Ints, Ints]:
    """(person, instant) of an inhomogeneous Poisson process of `rate` a day times the season, by thinning. Unsorted."""
    days = np.maximum(end - begin, 0) / DAY
    person, _ = runs(rng.poisson(rate * SEASON_PEAK * days))
    at = begin[person] + (rng.random(len(person)) * days[person] * DAY).astype(np.int64)
    kept = rng.random(len(person)) < season(at) / SEASON_PEAK
    return person[kept], at[kept]


def _unprompted(rng: np.random.Generator, people: People, person: Ints, at: Ints, preference: Floats) -> Orders:
    at = np.maximum(_at_hours(rng, local_day(at)), people.arrived_at[person] + 1800)
    channel = _draw_channel(rng, preference, person)
    at, channel = _placed(rng, people, person, at, channel, people.arrived_at[person])
    nothing = np.full(len(person), NONE, dtype=np.int64)
    return Orders(person, at, channel, nothing, nothing.copy(), nothing.copy(), np.zeros(len(person), dtype=np.bool_))


def _site_experiment(
    people: People, rate: Floats, natural: Ints, touches: Touches, window: Window, seed: int, preference: Floats
) -> tuple[Orders, Exposures]:
    """Exposures at an account's first visit during a site test, and the orders that exist only because of the
    treatment.
    """
    rng = stream(seed, "site experiment")
    orders: list[Orders] = []
    exposures: list[Exposures] = []
    for number, test in enumerate(experiments(window)):
        if test.lift is None:
            continue
        day = local_day(touches.at)
        seen = (touches.origin == 0) & (day >= test.first_day) & (day <= test.last_day)
        seen &= (people.account_day[touches.person] <= day) & (touches.at >= people.arrived_at[touches.person])
        seen &= (touches.at < natural[touches.person]) | (touches.draw < AFTER_DROPOUT)
        rows = np.flatnonzero(seen)
        rows = rows[np.lexsort((touches.at[rows], touches.person[rows]))]
        first = rows[np.r_[True, np.diff(touches.person[rows]) > 0]] if len(rows) else rows
        unit, at = touches.person[first], touches.at[first]
        is_treated = rng.random(len(unit)) < 0.5
        exposures.append(
            Exposures(
                np.full(len(unit), number, dtype=np.int64), unit, np.zeros(len(unit), dtype=np.bool_), is_treated, at
            )
        )
        treated = np.flatnonzero(is_treated)
        end = int(to_utc(np.array([test.last_day + 1]), np.array([0]))[0])
        index, when = poisson_times(rng, rate[unit[treated]] * test.lift, at[treated] + DAY, end)
        more = _unprompted(rng, people, unit[treated][index], when, preference)
        more = more.take(more.channel <= APP)
        orders.append(
            Orders(
                more.person,
                more.at,
                more.channel,
                more.touch,
                np.full(len(more), number, dtype=np.int64),
                more.visit,
                more.is_first,
            )
        )
    return Orders.concat(orders), Exposures.concat(exposures)


def _contacts(people: People, orders: Orders, touches: Touches, window: Window, seed: int) -> Contacts:
    """Service contacts: after orders, about accounts and cards, and the advice contacts that are touches."""
    rng = stream(seed, "contacts")
    chance = np.where(orders.channel == STORE, 0.02, 0.12) * ~people.is_anonymous[orders.person]
    order = np.flatnonzero(rng.random(len(orders)) < chance)
    order_at = orders.at[order] + (rng.gamma(2.0, 2.5, len(order)) * DAY).astype(np.int64)
    order_topic = rng.choice([0, 1, 2, 3], size=len(order), p=(0.42, 0.24, 0.22, 0.12))
    general = np.flatnonzero((rng.random(len(people)) < 0.06 * window.days / 730) & ~people.is_anonymous)
    general_at = np.maximum(people.arrived_at[general] + DAY, window.start)
    general_at = general_at + (rng.random(len(general)) * np.maximum(window.end - general_at, 1)).astype(np.int64)
    general_topic = np.where(people.has_card[general] & (rng.random(len(general)) < 0.5), 5, 4)
    advice = np.flatnonzero(touches.origin == 2)

    person = np.r_[orders.person[order], people.number[general], touches.person[advice]]
    at = np.r_[order_at, general_at, touches.at[advice]]
    size = len(person)
    topic = np.r_[order_topic, general_topic, np.full(len(advice), 6)].astype(np.int64)
    fixed = np.r_[np.full(len(order) + len(general), NONE), np.where(touches.channel[advice] == PHONE, 0, 2)]
    channel = np.where(fixed == NONE, rng.choice(5, size=size, p=(0.36, 0.30, 0.16, 0.08, 0.10)), fixed).astype(
        np.int64
    )
    channel = np.where((channel == 1) & ~people.has_email[person], 0, channel)
    day = local_day(at)
    is_desk = (channel == 0) | (channel == 2) | (channel == 4)
    open_hours = to_utc(day + is_desk * (weekday(day) == 7), rng.integers(9 * 3600, 18 * 3600, size))
    at = np.where((fixed == NONE) & is_desk, np.maximum(open_hours, at), awake(at))

    base = np.array([0.02, 9.0, 0.02, 5.0, 0.1])[channel]
    reply_hours = base * rng.gamma(1.5, 0.8, size) + 0.01
    quick = (channel != 1) & (rng.random(size) < 0.55) | (topic == 6)
    solve_hours = reply_hours + np.where(quick, rng.exponential(0.4, size) + 0.05, rng.gamma(1.1, 44.0, size))
    transfers = np.where(quick, 0, rng.poisson(0.45, size)).astype(np.int64)
    reopened = ~quick & (rng.random(size) < 0.13)
    felt = 5.7 - 0.012 * solve_hours - 1.1 * transfers - 1.2 * reopened + rng.normal(0, 1.0, size)
    ease = np.clip(np.rint(felt), 1, 7).astype(np.int64)
    hazard = np.where(topic == 6, 0.0, DIFFICULT_HAZARD * (ease <= 3) + SLOW_HAZARD * (solve_hours > SLOW_HOURS))
    nothing = np.full(size, NONE, dtype=np.int64)
    contacts = Contacts(
        person=person,
        at=at,
        order=np.r_[order, np.full(len(general) + len(advice), NONE)],
        touch=np.r_[np.full(len(order) + len(general), NONE), advice],
        topic=topic,
        channel=channel,
        reply_hours=reply_hours,
        solve_hours=solve_hours,
        reopened=reopened,
        transfers=transfers,
        ease=ease,
        hazard=hazard,
        caused_dropout=nothing >= 0,
    )
    contacts = contacts.take(contacts.at < window.end - 3600)
    return contacts.take(np.lexsort((contacts.person, contacts.at)))


def _leave(contacts: Contacts, natural: Ints, seed: int) -> tuple[Ints, Contacts]:
    """(actual dropout per person, contacts with `caused_dropout` set): the first contact whose extra hazard strikes
    ends a life.
    """
    rng = stream(seed, "dissatisfaction")
    strikes = rng.random(len(contacts)) < 1 - np.exp(-contacts.hazard)
    resolved = contacts.at + (contacts.solve_hours * 3600).astype(np.int64) + DAY
    dropout = natural.copy()
    np.minimum.at(dropout, contacts.person[strikes], resolved[strikes])
    caused = strikes & (resolved == dropout[contacts.person]) & (resolved < natural[contacts.person])
    return dropout, Contacts(**(vars(contacts) | {"caused_dropout": caused}))


def _renumber(
    orders: Orders, touches: Touches, contacts: Contacts, keep_order: Flags, keep_touch: Flags, keep_contact: Flags
) -> tuple[Orders, Touches, Contacts]:
    """The kept rows, touches sorted by time, all references to rows moved with them."""
    touch_rows = np.flatnonzero(keep_touch)
    touch_rows = touch_rows[np.lexsort((touches.person[touch_rows], touches.at[touch_rows]))]
    to_touch = np.full(len(touches) + 1, NONE, dtype=np.int64)
    to_touch[touch_rows] = np.arange(len(touch_rows))
    to_order = np.full(len(orders) + 1, NONE, dtype=np.int64)
    to_order[np.flatnonzero(keep_order)] = np.arange(int(keep_order.sum()))
    orders = orders.take(keep_order)
    orders = Orders(**(vars(orders) | {"touch": to_touch[orders.touch], "visit": to_touch[orders.visit]}))
    contacts = contacts.take(keep_contact)
    contacts = Contacts(**(vars(contacts) | {"order": to_order[contacts.order], "touch": to_touch[contacts.touch]}))
    return orders, touches.take(touch_rows), contacts


def _navigational(
    people: People, touches: Touches, orders: Orders, contacts: Contacts, seed: int
) -> tuple[Touches, Orders, Contacts]:
    """Let some orders of the baseline come in through search for the brand: visits that caused nothing (effect 0)."""
    rng = stream(seed, "navigational")
    rows = np.flatnonzero(
        (orders.touch == NONE) & (orders.channel <= APP) & (rng.random(len(orders)) < NAVIGATIONAL_SHARE)
    )
    channel = np.where(rng.random(len(rows)) < 0.5, PAID_SEARCH, ORGANIC_SEARCH).astype(np.int64)
    brand = next(i for i, campaign in enumerate(CAMPAIGNS) if campaign.name == "BRD_paid_search_marque")
    size = len(rows)
    added = Touches(
        person=orders.person[rows],
        at=orders.at[rows] - rng.integers(480, 1300, size),
        channel=channel,
        campaign=np.where(channel == PAID_SEARCH, brand, NONE),
        effect=np.zeros(size),
        origin=np.full(size, 3, dtype=np.int64),
        send=np.full(size, NONE, dtype=np.int64),
        draw=np.zeros(size),
    )
    visit = orders.visit.copy()
    visit[rows] = len(touches) + np.arange(size)
    everything = Touches.concat([touches, added])
    order = np.lexsort((everything.person, everything.at))
    to_touch = np.full(len(everything) + 1, NONE, dtype=np.int64)
    to_touch[order] = np.arange(len(everything))
    orders = Orders(**(vars(orders) | {"visit": to_touch[visit], "touch": to_touch[orders.touch]}))
    contacts = Contacts(**(vars(contacts) | {"touch": to_touch[contacts.touch]}))
    return everything.take(order), orders, contacts
