"""Web and app analytics (GA4 BigQuery export): sessions, and their events with nested parameters.

The visit that holds a purchase carries the order's name. Known people are known only while logged in; without cookie
consent a session has an id of its own and no user.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.simulator.behaviour import APP, World
from dagster_project.simulator.calendar import date_text, day_of, local_day, to_utc
from dagster_project.simulator.catalogue import catalogue
from dagster_project.simulator.columns import (
    NONE,
    Flags,
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
    runs,
    stream,
)
from dagster_project.simulator.marketing import CAMPAIGNS, DIRECT, EMAIL, SMS, TOUCH_CHANNELS, mailings
from dagster_project.simulator.people import FAR, city_index
from dagster_project.simulator.places import places
from dagster_project.simulator.records import Scene
from dagster_project.simulator.render import Cells, json_lists, json_object, json_text
from dagster_project.simulator.sales import Sales
from dagster_project.simulator.writers import Dialect, FileKey, Landing

DESKTOP, MOBILE, PHONE_APP = range(3)
ANONYMOUS_SHARE = 0.22  # sessions of people who never become known, per session of known people
EVENT_NAMES = (
    "session_start",
    "first_visit",
    "page_view",
    "view_item",
    "add_to_cart",
    "begin_checkout",
    "sign_up",
    "purchase",
)
_START, _FIRST, _PAGE, _VIEW, _CART, _CHECKOUT, _SIGN_UP, _PURCHASE = range(8)
_SOURCE = {
    "paid_search": ("google", "cpc"),
    "display": ("google", "display"),
    "affiliate": ("awin", "affiliate"),
    "organic_search": ("google", "organic"),
    "organic_social": ("instagram", "social"),
    "referral": ("blog-deco.example", "referral"),
    "email": ("newsletter", "email"),
    "sms": ("sms", "sms"),
    "push": ("app", "push"),
    "paid_social": ("facebook", "paid_social"),
}


@dataclass(frozen=True)
class Sessions(Table):
    """One row per session, sorted by start. `person` NONE: a stranger; `client`: key of the device cookie; `device`:
    DESKTOP, MOBILE or PHONE_APP; `is_shared_device`: on the tablet of a couple; `channel`: index of TOUCH_CHANNELS;
    `order`: row of the order placed in it or NONE.
    """

    person: Ints
    at: Ints
    channel: Ints
    campaign: Ints
    mailing: Ints
    touch: Ints
    order: Ints
    device: Ints
    is_shared_device: Flags
    client: Ints
    number: Ints
    is_logged_in: Flags
    has_consent: Flags
    pages: Ints
    views: Ints
    has_cart: Flags
    has_checkout: Flags
    has_sign_up: Flags
    city: Ints

    def session_of_order(self, orders: int) -> Ints:
        """The session of each order, NONE for orders without one. Shape: one per order."""
        out = np.full(orders, NONE, dtype=np.int64)
        rows = np.flatnonzero(self.order != NONE)
        out[self.order[rows]] = rows
        return out


def make_sessions(world: World) -> Sessions:
    """All sessions: the visits that are touches, the own visits of web and app orders, sign-ups, and strangers."""
    rng = stream(world.seed, "sessions")
    people, touches, orders, window = world.people, world.touches, world.orders, world.window
    visits = np.flatnonzero(touches.origin != 2)
    order_of_touch = np.full(len(touches), NONE, dtype=np.int64)
    in_visit = np.flatnonzero(orders.visit != NONE)
    order_of_touch[orders.visit[in_visit]] = in_visit
    own = np.flatnonzero((orders.channel <= APP) & (orders.visit == NONE))
    signing = np.flatnonzero((people.account_day >= window.first) & (people.account_day < FAR))
    signing = signing[people.account_day[signing] > local_day(people.arrived_at[signing])]
    strangers = int((len(visits) + len(own)) * ANONYMOUS_SHARE)
    stranger_at = window.start + (rng.random(strangers) * (window.end - window.start - 7200)).astype(np.int64)
    stranger_channel = touches.channel[visits[rng.integers(0, max(len(visits), 1), strangers if len(visits) else 0)]]
    stranger_at = stranger_at[: len(stranger_channel)]
    strangers = len(stranger_channel)
    stranger_channel = np.where((stranger_channel == EMAIL) | (stranger_channel == SMS), DIRECT, stranger_channel)
    stranger_campaign = _campaign_like(rng, stranger_channel)

    counts = [len(visits), len(own), len(signing), strangers]
    none = [np.full(count, NONE, dtype=np.int64) for count in counts]
    is_click = touches.origin[visits] == 1
    send = touches.send[visits]
    person = np.concatenate([touches.person[visits], orders.person[own], signing, none[3]])
    at = np.concatenate(
        [
            touches.at[visits] + np.where(is_click, rng.integers(3, 45, counts[0]), 0),
            orders.at[own] - rng.integers(480, 1300, counts[1]),
            to_utc(people.account_day[signing], rng.integers(9 * 3600, 22 * 3600, counts[2])),
            stranger_at,
        ]
    )
    direct = [np.full(count, DIRECT, dtype=np.int64) for count in counts]
    channel = np.concatenate([touches.channel[visits], direct[1], direct[2], stranger_channel])
    campaign = np.concatenate([touches.campaign[visits], none[1], none[2], stranger_campaign])
    mailing = np.concatenate([np.where(is_click, world.sends.mailing[send], NONE), *none[1:]])
    touch = np.concatenate([visits, *none[1:]])
    order = np.concatenate([order_of_touch[visits], own, none[2], none[3]])
    size = len(person)
    has_sign_up = np.repeat([False, False, True, False], counts)

    known = person != NONE
    who = np.maximum(person, 0)
    day = local_day(at)
    member = known & (people.account_day[who] <= day)
    in_app = member & people.takes_push[who] & (rng.random(size) < 0.3) & (channel == DIRECT)
    in_app |= member & (channel == 9)
    with_order = order != NONE
    ordered_in = (
        np.where(with_order, orders.channel[np.maximum(order, 0)], NONE) if len(orders) else np.full(size, NONE)
    )
    in_app = np.where(with_order, ordered_in == APP, in_app)
    device = np.where(in_app, PHONE_APP, np.where(rng.random(size) < 0.56, MOBILE, DESKTOP)).astype(np.int64)
    arrival_order = with_order & orders.is_first[np.maximum(order, 0)] if len(orders) else with_order
    has_sign_up |= arrival_order & known & (people.account_day[who] == day)
    signs_in = np.where(with_order, np.where(in_app, 0.98, 0.93), np.where(in_app, 0.9, 0.42))
    is_logged_in = member & (has_sign_up | (rng.random(size) < signs_in))
    has_consent = ~known | people.takes_cookies[who]

    on_tablet = known & people.shares_tablet[who] & ~in_app & (rng.random(size) < 0.75)
    holder = np.where(on_tablet, np.minimum(who, people.partner[who]), who)
    kind = np.where(on_tablet, 3, device)
    device = np.where(on_tablet, MOBILE, device)
    era = (day + holder * 37) // 210  # cookies live seven months at most
    cookie = ((holder * 4 + kind) * 256 + era % 256) * 2
    single = (np.arange(size, dtype=np.int64)) * 2 + 1
    returning = rng.integers(0, max(strangers * 3 // 4, 1), size) * 2 + 1 + size * 2
    client = np.where(known & has_consent, cookie, np.where(known, single, returning))

    browses = rng.random(size)
    views = np.where(with_order, 1 + rng.poisson(0.8, size), rng.poisson(0.9, size))
    has_cart = with_order | (~has_sign_up & (views > 0) & (browses < 0.17))
    has_checkout = with_order | (has_cart & (browses < 0.075))
    order_index = np.lexsort((person, at))
    sessions = Sessions(
        person=person,
        at=at,
        channel=channel,
        campaign=campaign,
        mailing=mailing,
        touch=touch,
        order=order,
        device=device,
        is_shared_device=on_tablet,
        client=client,
        number=np.zeros(size, dtype=np.int64),
        is_logged_in=is_logged_in & has_consent,
        has_consent=has_consent,
        pages=1 + np.minimum(rng.poisson(np.where(with_order, 0.8, 0.6)), 6),
        views=np.minimum(views, 6),
        has_cart=has_cart,
        has_checkout=has_checkout,
        has_sign_up=has_sign_up,
        city=np.where(known, city_index(people, who, day), rng.integers(0, len(places().city), size)),
    )
    sessions = sessions.take(order_index[(at[order_index] >= window.start) & (at[order_index] < window.end - 60)])
    return Sessions(**(vars(sessions) | {"number": _session_numbers(sessions.client)}))


def _campaign_like(rng: np.random.Generator, channel: Ints) -> Ints:
    out = np.full(len(channel), NONE, dtype=np.int64)
    for code in sorted({campaign.channel for campaign in CAMPAIGNS}):
        options = [i for i, campaign in enumerate(CAMPAIGNS) if campaign.channel == code]
        share = np.array([CAMPAIGNS[i].share * (2.0 if CAMPAIGNS[i].purpose == "ACQ" else 0.3) for i in options])
        rows = np.flatnonzero(channel == code)
        out[rows] = rng.choice(options, size=len(rows), p=share / share.sum())
    return out


def _session_numbers(client: Ints) -> Ints:
    """GA4's session number: the n-th session of a cookie, from 1."""
    order = np.argsort(client, kind="stable")
    ordered = client[order]
    first = np.r_[True, ordered[1:] != ordered[:-1]] if len(client) else np.zeros(0, dtype=np.bool_)
    starts = np.flatnonzero(first)
    rank = np.arange(len(client)) - np.repeat(starts, np.diff(np.r_[starts, len(client)]))
    out = np.zeros(len(client), dtype=np.int64)
    out[order] = rank + 1
    return out


def pseudo_ids(sessions: Sessions) -> Text:
    """user_pseudo_id of each session."""
    key = sessions.client
    return joined(
        numbers((key * 7_654_321 + 1_234_567) % 10_000_000_000), ".", numbers(1_700_000_000 + key * 48_271 % 90_000_000)
    )


def note_users(scene: Scene, sessions: Sessions) -> None:
    """Tell the truth who the logged-in users are."""
    rows = np.flatnonzero(sessions.is_logged_in)
    person = sessions.person[rows]
    kinds = choose(scene.world.people.shares_tablet[person], "shared_device", "exact")
    scene.sightings.add("web", scene.world.people.account.take(pa.array(person)), person, kinds)


@dataclass(frozen=True)
class Events(Table):
    """One row per event, sorted by time: its session, kind (index of EVENT_NAMES), instant in microseconds, product
    or NONE.
    """

    session: Ints
    kind: Ints
    micros: Ints
    product: Ints
    place: Ints


def make_events(world: World, sessions: Sessions, low: int, high: int) -> Events:
    """The events of sessions low..high-1. A purchase happens at the order's instant."""
    rng = stream(world.seed, f"events {low}")
    part = sessions.take(np.arange(low, high))
    new = part.number == 1
    counts = np.stack(
        [
            np.ones(len(part), dtype=np.int64),
            new,
            part.pages,
            part.views,
            part.has_cart,
            part.has_checkout,
            part.has_sign_up,
            part.order != NONE,
        ]
    ).astype(np.int64)
    session, _ = runs(counts.sum(axis=0))
    kind, _ = runs(counts.T.ravel())
    kind = kind % len(EVENT_NAMES)
    place = np.arange(len(session), dtype=np.int64) - np.repeat(
        np.cumsum(counts.sum(axis=0)) - counts.sum(axis=0), counts.sum(axis=0)
    )
    # session_start, first_visit and the first page view come together; then a step every 5 to 45 seconds.
    step = np.where(
        place <= new[session] + 1,
        rng.integers(1, 900_000, len(session)),
        rng.integers(5_000_000, 45_000_000, len(session)),
    )
    step[place == 0] = 0
    elapsed = np.cumsum(step)
    elapsed = elapsed - elapsed[place == 0][session] if len(session) else elapsed
    micros = part.at[session] * 1_000_000 + elapsed
    order = part.order[session]
    is_purchase = kind == _PURCHASE
    micros[is_purchase] = world.orders.at[order[is_purchase]] * 1_000_000 + 120_000
    has_product = (kind == _VIEW) | (kind == _CART) | (kind == _CHECKOUT)
    popularity = catalogue().popularity
    product = np.where(
        has_product, rng.choice(len(popularity), size=len(session), p=popularity / popularity.sum()), NONE
    )
    events = Events(session + low, kind, micros, product, place)
    return events.take(np.argsort(events.micros, kind="stable"))


def write_events(scene: Scene, sessions: Sessions, landing: Landing, shape: Literal["jsonl", "parquet"]) -> None:
    """events_YYYYMMDD.jsonl.gz (or .parquet), daily by the event's business day."""
    world = scene.world
    window = world.window
    parts = []
    bounds = [*range(0, len(sessions), 500_000), len(sessions)]
    for low, high in itertools.pairwise(bounds):
        parts.append(make_events(world, sessions, low, high))
    events = Events.concat(parts) if parts else make_events(world, sessions, 0, 0)
    day = local_day(events.micros // 1_000_000)
    order = np.lexsort((events.micros, day))
    order = order[(day[order] <= window.last) & (day[order] >= window.first)]
    events, day = events.take(order), day[order]
    ending = "jsonl.gz" if shape == "jsonl" else "parquet"
    files = [FileKey(f"events_{day_of(int(d)).strftime('%Y%m%d')}.{ending}", int(d)) for d in window.every_day()]
    view = _EventView(scene, scene.sales, sessions)
    if shape == "jsonl":
        landing.write_text(
            "web_events",
            files,
            day - window.first,
            lambda rows: view.json(events.take(rows), day[rows]),
            Dialect(kind="jsonl", is_gzip=True),
        )
    else:
        landing.write_parquet(
            "web_events", files, day - window.first, lambda rows: view.table(events.take(rows), day[rows])
        )


class _EventView:
    """Events as the export shows them. Texts that depend on the session's kind only are looked up, not built per
    event.
    """

    def __init__(self, scene: Scene, sales: Sales, sessions: Sessions) -> None:
        world = scene.world
        self.world, self.sessions = world, sessions
        goods = catalogue()
        self.user = blank(world.people.account.take(pa.array(np.maximum(sessions.person, 0))), ~sessions.is_logged_in)
        self.pseudo = pseudo_ids(sessions)
        self.source, self.medium, self.campaign_id, self.campaign_name = _sources(world, sessions)
        is_ad = np.isin(sessions.channel, [0]) & (sessions.campaign != NONE)
        key = numbers((np.arange(len(sessions)) * 7_919 + 13) % 1_000_000_007)
        self.gclid = blank(joined("EAIaIQob", key), ~is_ad)
        ios = np.maximum(sessions.person, 0) % 5 < 2
        self.platform = np.where(sessions.device == PHONE_APP, np.where(ios, 2, 1), 0)
        self.machine = np.where(
            sessions.device == PHONE_APP,
            np.where(ios, 3, 2),
            np.where(sessions.device == MOBILE, np.where(ios, 1, 0), 4),
        )
        lines, bills = sales.lines, sales.bills
        self.revenue = bills.total - bills.shipping
        self.order_name = blank(joined("#", numbers(bills.number + 1001)), bills.number == NONE)
        self.lines, self.bills, self.goods = lines, bills, goods

    def json(self, events: Events, day: Ints) -> Cells:
        sessions = self.sessions
        session, size = events.session, len(events)
        rows = pa.array(session)
        page = self._page(events)
        session_id = numbers(sessions.at[session])
        number = numbers(sessions.number[session])
        engaged = numbers(np.where(events.place == 0, 0, (events.micros // 1000) % 29_000))
        params = joined(
            '[{"key":"ga_session_id","value":{"int_value":',
            session_id,
            '}},{"key":"ga_session_number","value":{"int_value":',
            number,
            '}},{"key":"page_location","value":{"string_value":"',
            page,
            '"}},',
            choose(
                events.place <= 1,
                joined('{"key":"page_referrer","value":{"string_value":"', self._referrer(session), '"}},'),
                "",
            ),
            '{"key":"engagement_time_msec","value":{"int_value":',
            engaged,
            "}}]",
        )
        device = pick(pa.array(_device_json()), self.machine[session])
        geo = pick(_geo_json(), sessions.city[session])
        carries = events.place <= 2
        source = json_object(
            manual_source=json_text(self.source.take(rows)),
            manual_medium=json_text(self.medium.take(rows)),
            manual_campaign_id=json_text(self.campaign_id.take(rows)),
            manual_campaign_name=json_text(self.campaign_name.take(rows)),
            gclid=json_text(self.gclid.take(rows)),
        )
        purchase = events.kind == _PURCHASE
        order = sessions.order[session]
        bought = np.maximum(order, 0)
        commerce = (
            joined(
                '{"transaction_id":',
                json_text(self.order_name.take(pa.array(bought))) if len(self.revenue) else "null",
                ',"purchase_revenue":',
                _euros(self.revenue[bought]),
                "}",
            )
            if len(self.revenue)
            else constant(None, size)
        )
        single = joined("[", pick(_item_json(), np.maximum(events.product, 0)), "]")
        items = choose(events.product != NONE, single, "[]")
        if purchase.any():
            position = np.flatnonzero(purchase)
            parent, number_in = runs(self.bills.line_count[order[position]])
            line = self.bills.first_line[order[position]][parent] + number_in
            bodies = joined(
                pick(_item_head(), self.lines.product[line]),
                numbers(self.lines.quantity[line]),
                ',"price":',
                _euros(self.lines.price[line]),
                "}",
            )
            items = pc.replace_with_mask(items, pa.array(purchase), json_lists(bodies, parent, len(position)))
        return {
            "event_date": joined('"', date_text(day, "yyyyMMdd"), '"'),
            "event_timestamp": numbers(events.micros),
            "event_name": pick(pa.array([f'"{name}"' for name in EVENT_NAMES]), events.kind),
            "event_params": params,
            "user_id": json_text(self.user.take(rows)),
            "user_pseudo_id": joined('"', self.pseudo.take(rows), '"'),
            "device": device,
            "geo": geo,
            "collected_traffic_source": blank(source, ~carries),
            "platform": pick(pa.array(['"WEB"', '"ANDROID"', '"IOS"']), self.platform[session]),
            "stream_id": pick(pa.array(['"2001"', '"2002"', '"2003"']), self.platform[session]),
            "ecommerce": blank(commerce, ~purchase),
            "items": items,
            "privacy_info": pick(
                pa.array(['{"analytics_storage":"No"}', '{"analytics_storage":"Yes"}']),
                sessions.has_consent[session].astype(np.int64),
            ),
        }

    def table(self, events: Events, day: Ints) -> Any:
        """The same events as typed, nested Arrow columns."""
        sessions, session, size = self.sessions, events.session, len(events)
        rows = pa.array(session)
        text, whole, real = pa.string(), pa.int64(), pa.float64()
        value = pa.struct([("string_value", text), ("int_value", whole), ("float_value", real), ("double_value", real)])
        param = pa.struct([("key", text), ("value", value)])
        named = [
            ("ga_session_id", None, sessions.at[session]),
            ("ga_session_number", None, sessions.number[session]),
            ("page_location", self._page(events), None),
            ("page_referrer", self._referrer(session), None),
            ("engagement_time_msec", None, np.where(events.place == 0, 0, (events.micros // 1000) % 29_000)),
        ]
        present = np.ones((size, 5), dtype=np.bool_)
        present[:, 3] = events.place <= 1
        order = np.argsort(np.tile(np.arange(size), 5), kind="stable")  # event by event, parameters in order
        keys = pa.concat_arrays([constant(name, size) for name, _, _ in named]).take(pa.array(order))
        strings = pa.concat_arrays([constant(None, size) if words is None else words for _, words, _ in named]).take(
            pa.array(order)
        )
        ints = pa.concat_arrays([pa.nulls(size, whole) if v is None else pa.array(v) for _, _, v in named]).take(
            pa.array(order)
        )
        nothing = pa.nulls(size * 5, real)
        structs = pa.StructArray.from_arrays([strings, ints, nothing, nothing], fields=list(value))
        flat = pa.StructArray.from_arrays([keys, structs], fields=list(param)).filter(pa.array(present.ravel()))
        params = pa.ListArray.from_arrays(pa.array(np.r_[0, np.cumsum(present.sum(axis=1))].astype(np.int32)), flat)
        machines = _DEVICES
        machine = self.machine[session]
        browser = pick(pa.array([m[2] for m in machines]), machine)
        device = pa.StructArray.from_arrays(
            [
                pick(pa.array([m[0] for m in machines]), machine),
                pick(pa.array([m[1] for m in machines]), machine),
                pa.StructArray.from_arrays([browser], ["browser"], mask=browser.is_null()),
            ],
            ["category", "operating_system", "web_info"],
        )
        city = sessions.city[session]
        geo = pa.StructArray.from_arrays(
            [constant("France", size), pick(places().region, city), pick(places().city, city)],
            ["country", "region", "city"],
        )
        carries = events.place <= 2
        source = pa.StructArray.from_arrays(
            [
                column.take(rows)
                for column in (self.source, self.medium, self.campaign_id, self.campaign_name, self.gclid)
            ],
            ["manual_source", "manual_medium", "manual_campaign_id", "manual_campaign_name", "gclid"],
            mask=pa.array(~carries),
        )
        purchase = events.kind == _PURCHASE
        bought = np.maximum(sessions.order[session], 0)
        empty = not len(self.revenue)
        commerce = pa.StructArray.from_arrays(
            [
                constant(None, size) if empty else self.order_name.take(pa.array(bought)),
                pa.nulls(size, real) if empty else pa.array(self.revenue[bought] / 100),
            ],
            ["transaction_id", "purchase_revenue"],
            mask=pa.array(~purchase),
        )
        return pa.table(
            {
                "event_date": date_text(day, "yyyyMMdd"),
                "event_timestamp": pa.array(events.micros),
                "event_name": pick(pa.array(EVENT_NAMES), events.kind),
                "event_params": params,
                "user_id": self.user.take(rows),
                "user_pseudo_id": self.pseudo.take(rows),
                "device": device,
                "geo": geo,
                "collected_traffic_source": source,
                "platform": pick(pa.array(["WEB", "ANDROID", "IOS"]), self.platform[session]),
                "stream_id": pick(pa.array(["2001", "2002", "2003"]), self.platform[session]),
                "ecommerce": commerce,
                "items": self._item_table(events, purchase),
                "privacy_info": pa.StructArray.from_arrays(
                    [choose(sessions.has_consent[session], "Yes", "No")], ["analytics_storage"]
                ),
            }
        )

    def _item_table(self, events: Events, purchase: Flags) -> Any:
        order = np.maximum(self.sessions.order[events.session], 0)
        lines_of = self.bills.line_count[order] if len(self.revenue) else np.zeros(len(events), dtype=np.int64)
        counts = np.where(purchase, lines_of, events.product != NONE).astype(np.int64)
        parent, ordinal = runs(counts)
        bought = purchase[parent]
        line = np.where(bought, self.bills.first_line[order[parent]] + ordinal, 0) if len(self.revenue) else parent * 0
        product = (
            np.where(bought, self.lines.product[line], events.product[parent])
            if len(self.revenue)
            else events.product[parent]
        )
        quantity = (
            np.where(bought, self.lines.quantity[line], 1)
            if len(self.revenue)
            else np.ones(len(parent), dtype=np.int64)
        )
        price = (
            np.where(bought, self.lines.price[line], self.goods.price[product])
            if len(self.revenue)
            else self.goods.price[product]
        )
        items = pa.StructArray.from_arrays(
            [pick(self.goods.sku, product), pick(self.goods.name, product), pa.array(quantity), pa.array(price / 100)],
            ["item_id", "item_name", "quantity", "price"],
        )
        return pa.ListArray.from_arrays(pa.array(np.r_[0, np.cumsum(counts)].astype(np.int32)), items)

    def _page(self, events: Events) -> Text:
        paths = pa.array(
            ["/", "/", "/collections", "/produit/", "/panier", "/commande", "/compte/inscription", "/commande/merci"]
        )
        path = pick(paths, events.kind)
        product = choose(events.kind == _VIEW, pick(_lower_skus(), np.maximum(events.product, 0)), "")
        return joined("https://www.maison-omni.example", path, product)

    def _referrer(self, session: Ints) -> Text:
        hosts = {
            "paid_search": "https://www.google.example/",
            "organic_search": "https://www.google.example/",
            "paid_social": "https://l.facebook.example/",
            "organic_social": "https://l.instagram.example/",
            "referral": "https://blog-deco.example/",
            "affiliate": "https://www.awin.example/",
        }
        return pick(pa.array([hosts.get(name, "") for name in TOUCH_CHANNELS]), self.sessions.channel[session])


_DEVICES = (
    ("mobile", "Android", "Chrome"),
    ("mobile", "iOS", "Safari"),
    ("mobile", "Android", None),
    ("mobile", "iOS", None),
    ("desktop", "Windows", "Edge"),
)


def _device_json() -> list[str]:
    """The device structs as JSON, by machine index."""
    return [
        f'{{"category":"{category}","operating_system":"{system}","web_info":'
        + (f'{{"browser":"{browser}"}}' if browser else "null")
        + "}"
        for category, system, browser in _DEVICES
    ]


def _geo_json() -> Text:
    land = places()
    return json_object(country='"France"', region=json_text(land.region), city=json_text(land.city))


def _item_head() -> Text:
    goods = catalogue()
    return joined('{"item_id":', json_text(goods.sku), ',"item_name":', json_text(goods.name), ',"quantity":')


def _item_json() -> Text:
    return joined(_item_head(), '1,"price":', _euros(catalogue().price), "}")


def _lower_skus() -> Text:
    return pc.utf8_lower(catalogue().sku)


def _euros(cents: Ints) -> Text:
    return joined(numbers(cents // 100), ".", padded(cents % 100, 2))


def _sources(world: World, sessions: Sessions) -> tuple[Text, Text, Text, Text]:
    """(source, medium, campaign id, campaign name) per session; all null for direct."""
    tags = [_SOURCE.get(name, (None, None)) for name in TOUCH_CHANNELS]
    source = pick(pa.array([tag[0] for tag in tags], pa.string()), sessions.channel)
    medium = pick(pa.array([tag[1] for tag in tags], pa.string()), sessions.channel)
    social = [campaign.kind for campaign in CAMPAIGNS]
    paid_social = (sessions.channel == 1) & (sessions.campaign != NONE)
    source = choose(paid_social, pick(pa.array(social), np.where(paid_social, sessions.campaign, NONE)), source)
    campaign_id = pick(pa.array([campaign.id for campaign in CAMPAIGNS]), sessions.campaign)
    campaign_name = pick(pa.array([campaign.name for campaign in CAMPAIGNS]), sessions.campaign)
    mails = mailings(world.window, world.seed)
    if mails:
        mailed = sessions.mailing != NONE
        campaign_id = choose(mailed, pick(pa.array([mail.id for mail in mails]), sessions.mailing), campaign_id)
        campaign_name = choose(mailed, pick(pa.array([mail.name for mail in mails]), sessions.mailing), campaign_name)
    return source, medium, campaign_id, campaign_name
