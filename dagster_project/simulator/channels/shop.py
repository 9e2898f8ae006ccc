"""The web shop (Shopify): orders as exported line by line, transaction histories, abandoned checkouts, customer
accounts.

An order's own fields stand on its first line row only; an order that changes is exported whole again on the day of
the change. An account is in every monthly export from its creation on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.simulator.behaviour import APP, MARKETPLACE, PHONE_ORDER
from dagster_project.simulator.calendar import cents_text, day_of, local_day, offset_text, to_utc, week_end
from dagster_project.simulator.catalogue import catalogue
from dagster_project.simulator.channels.web import Sessions, pseudo_ids
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
from dagster_project.simulator.people import FAR, city_index, phone_text, street_text
from dagster_project.simulator.places import places, store_codes
from dagster_project.simulator.records import Scene, key_of
from dagster_project.simulator.render import Cells, quoted
from dagster_project.simulator.sales import COLLECT, DISCOUNT_CODES, EXPRESS, LATER
from dagster_project.simulator.writers import Dialect, FileKey, Landing

SOURCES = pa.array(["web", "mobile_app", "", "draft_orders", "marketplace"])
_GATEWAYS = pa.array(["shopify_payments", "paypal", "alma", "gift_card"])
_NOTES = pa.array(
    ["", "Laisser chez le gardien", "Sonner à l'interphone « B2 », merci", "C'est un cadeau :\nsans facture svp"]
)
FIRST_NUMBER, FIRST_ID, FIRST_CHECKOUT = 1001, 5_210_000_000_000, 31_000_000


def order_names(number: Ints) -> Text:
    """#1001 for the first order; null for tickets of the stores (NONE)."""
    return blank(joined("#", numbers(number + FIRST_NUMBER)), number == NONE)


class ShopRecords:
    """What the shop stores with each order about its buyer; columns by order, meaningless for store tickets."""

    def __init__(self, scene: Scene, sessions: Sessions) -> None:
        world = scene.world
        orders, people = world.orders, world.people
        rng = stream(world.seed, "shop records")
        size, person = len(orders), orders.person
        day = local_day(orders.at)
        rows = pa.array(person)
        signs_in = np.where(orders.channel == APP, 0.98, np.where(orders.channel == PHONE_ORDER, 0.5, 0.86))
        self.has_account = (
            (people.account_day[person] <= day) & (orders.channel != MARKETPLACE) & (rng.random(size) < signs_in)
        )
        uses_second = rng.random(size) < 0.35
        # In the shop an account has one address: the second one serves guests only.
        email = scene.address(person, day, uses_second & ~self.has_account)
        relay = joined("mkt-", padded((person * 7_654_321 + 99) % 100_000_000, 8), "@marketplace.example.net")
        email = choose(orders.channel == MARKETPLACE, relay, email)
        self.email = blank(email, (orders.channel == PHONE_ORDER) & (rng.random(size) < 0.2))
        form = scene.spelling("shop").phone_form[person]
        digits = choose(np.asarray(people.has_mobile[person]), people.mobile.take(rows), people.landline.take(rows))
        self.phone = phone_text(digits, form)
        self.order_phone = blank(self.phone, np.asarray(self.email.is_valid()))
        self.account = blank(people.account.take(rows), ~self.has_account)
        card = blank(
            people.card.take(rows),
            (people.card_day[person] > day)
            | (rng.random(size) > 0.62)
            | (orders.channel > APP) & (orders.channel != PHONE_ORDER),
        )
        self.card = card
        session_of_order = sessions.session_of_order(size)
        client = pick(pseudo_ids(sessions), session_of_order)
        self.attributes = _attributes(self.account, client, card)
        shop = np.flatnonzero(scene.sales.bills.is_shop)
        keys = choose(
            self.has_account,
            self.account,
            choose(np.asarray(self.email.is_valid()), key_of("email", self.email), key_of("phone", self.order_phone)),
        )
        second = np.asarray(uses_second & (people.second_email_day[person] <= day) & ~self.has_account)
        kinds = choose(second, "second_email", scene.kinds("shop", person, day))
        kinds = choose(orders.channel == MARKETPLACE, "marketplace_relay", kinds)
        scene.sightings.add("shop", keys.take(pa.array(shop)), person[shop], kinds.take(pa.array(shop)))


def _attributes(account: Text, client: Text, card: Text) -> Text:
    """The multi-line Note Attributes cell, lines for what is known."""

    def line(name: str, values: Text) -> Text:
        return choose(np.asarray(values.is_valid()), joined(name, ": ", values, "\n"), "")

    text = joined(line("customer_account", account), line("ga_client_id", client), line("loyalty_card", card))
    return pc.utf8_rtrim_whitespace(text)


def write_orders(scene: Scene, records: ShopRecords, landing: Landing) -> None:
    """orders_export_YYYY-MM-DD.csv, daily: orders created or changed that day, one row per line item."""
    world, bills, lines, goods = scene.world, scene.sales.bills, scene.sales.lines, catalogue()
    orders, people, window = world.orders, world.people, world.window
    rng = stream(world.seed, "shop orders")
    shop = np.flatnonzero(bills.is_shop)
    moments = [orders.at, bills.paid_at, bills.fulfilled_at, bills.cancelled_at, bills.refunded_at]
    happened = [(shop, local_day(moment[shop])) for moment in moments]
    order = np.concatenate([rows for rows, _ in happened])
    day = np.concatenate([days for _, days in happened])
    inside = day <= window.last
    pairs = np.unique(day[inside] * (len(orders) + 1) + order[inside])
    version_day, version_order = pairs // (len(orders) + 1), pairs % (len(orders) + 1)
    version, line_number = runs(bills.line_count[version_order])
    row_order, row_day = version_order[version], version_day[version]
    is_first = line_number == 0
    # A defect may not silence an order for good: single lines and later lines only, and a later export heals them.
    last_version = np.zeros(len(orders), dtype=np.int64)
    np.maximum.at(last_version, version_order, version_day)
    eligible = (~is_first | (bills.line_count[row_order] == 1)) & (row_day < last_version[row_order])
    note = rng.choice(len(_NOTES), size=len(orders), p=(0.93, 0.03, 0.02, 0.02))
    days = window.every_day()
    files = [FileKey(f"orders_export_{day_of(int(d))}.csv", int(d)) for d in days]

    def cells(rows: Ints) -> Cells:
        order, first = row_order[rows], is_first[rows]
        line = bills.first_line[order] + line_number[rows]
        end_of_day = to_utc(row_day[rows] + 1, np.zeros(len(rows), dtype=np.int64)) - 1
        person, at = orders.person[order], orders.at[order]
        taken = pa.array(order)

        def head(values: Text) -> Text:
            return blank(values, ~first)

        def moment(column: Ints) -> Text:
            when = column[order]
            return blank(offset_text(np.where(when == LATER, 0, when)), ~first | (when > end_of_day))

        paid, fulfilled = bills.paid_at[order] <= end_of_day, bills.fulfilled_at[order] <= end_of_day
        cancelled, refunded = bills.cancelled_at[order] <= end_of_day, bills.refunded_at[order] <= end_of_day
        voided = cancelled & bills.is_voided[order]
        in_full = bills.refund[order] == bills.total[order]
        status = np.select([voided, cancelled, refunded & in_full, refunded, paid], [0, 1, 1, 2, 3], 4)
        refunded_amount = np.where(cancelled & ~voided, bills.total[order], np.where(refunded, bills.refund[order], 0))
        method = joined(
            choose(
                bills.delivery[order] == EXPRESS,
                "Chronopost",
                choose(
                    bills.delivery[order] == COLLECT,
                    joined("Click & Collect - ", pick(store_codes(), bills.store[order])),
                    "Colissimo",
                ),
            )
        )
        created_day = local_day(at)
        name = quoted(
            joined(scene.spelling("shop").first.take(pa.array(person)), " ", scene.surname("shop", person, created_day))
        )
        street = street_text(people, person, created_day)
        town = city_index(people, person, created_day)
        city, postcode = pick(places().city, town), pick(places().postcode, town)
        phone = head(records.phone.take(taken))
        full, price = lines.full_price[line], lines.price[line]
        fulfilment = choose(fulfilled, "fulfilled", "unfulfilled")
        return {
            "Name": order_names(bills.number[order]),
            "Email": records.email.take(taken),
            "Financial Status": head(
                pick(pa.array(["voided", "refunded", "partially_refunded", "paid", "pending"]), status)
            ),
            "Paid at": moment(bills.paid_at),
            "Fulfillment Status": head(fulfilment),
            "Fulfilled at": moment(bills.fulfilled_at),
            "Accepts Marketing": head(choose(people.takes_email[person], "yes", "no")),
            "Currency": head(constant("EUR", len(rows))),
            "Subtotal": head(cents_text(bills.gross[order] - bills.discount[order])),
            "Shipping": head(cents_text(bills.shipping[order])),
            "Taxes": head(cents_text(bills.taxes[order])),
            "Total": head(cents_text(bills.total[order])),
            "Discount Code": head(pick(pa.array(DISCOUNT_CODES), bills.discount_code[order])),
            "Discount Amount": head(cents_text(bills.discount[order])),
            "Shipping Method": head(method),
            "Created at": offset_text(at),
            "Lineitem quantity": numbers(lines.quantity[line]),
            "Lineitem name": quoted(pick(goods.name, lines.product[line])),
            "Lineitem price": cents_text(price),
            "Lineitem compare at price": blank(cents_text(full), full == price),
            "Lineitem sku": pick(goods.sku, lines.product[line]),
            "Lineitem requires shipping": constant("true", len(rows)),
            "Lineitem taxable": constant("true", len(rows)),
            "Lineitem fulfillment status": choose(fulfilled, "fulfilled", "pending"),
            "Lineitem discount": constant("0.00", len(rows)),
            "Billing Name": head(name),
            "Billing Street": head(quoted(street)),
            "Billing City": head(city),
            "Billing Zip": head(postcode),
            "Billing Country": head(constant("FR", len(rows))),
            "Billing Phone": phone,
            "Shipping Name": head(name),
            "Shipping Street": head(quoted(street)),
            "Shipping City": head(city),
            "Shipping Zip": head(postcode),
            "Shipping Country": head(constant("FR", len(rows))),
            "Shipping Phone": phone,
            "Notes": head(quoted(pick(_NOTES, note[order]))),
            "Note Attributes": head(quoted(records.attributes.take(taken))),
            "Cancelled at": moment(bills.cancelled_at),
            "Payment Method": head(pick(_GATEWAYS, bills.payment[order])),
            "Refunded Amount": head(cents_text(refunded_amount)),
            "Id": head(numbers(FIRST_ID + bills.number[order] * 1_024)),
            "Tags": head(choose(bills.delivery[order] == COLLECT, "click-and-collect", "")),
            "Source": head(pick(SOURCES, orders.channel[order])),
            "Phone": head(records.order_phone.take(taken)),
        }

    landing.write_text("shop_orders", files, row_day - window.first, cells, Dialect(), eligible)


def write_transactions(scene: Scene, records: ShopRecords, landing: Landing) -> None:
    """transactions_export_YYYY-MM-DD.csv, weekly: payments, failed attempts, refunds and voids."""
    world, bills = scene.world, scene.sales.bills
    rng = stream(world.seed, "transactions")
    shop = np.flatnonzero(bills.is_shop)
    paid = shop[bills.paid_at[shop] < LATER]
    failed = paid[rng.random(len(paid)) < 0.03]
    cancelled = shop[bills.cancelled_at[shop] < LATER]
    given_back = cancelled[~bills.is_voided[cancelled]]
    voided = cancelled[bills.is_voided[cancelled]]
    refunded = shop[bills.refunded_at[shop] < LATER]
    parts = (
        (paid, bills.paid_at[paid], bills.total[paid], 0, 0),
        (failed, bills.paid_at[failed] - 35, bills.total[failed], 0, 1),
        (given_back, bills.cancelled_at[given_back] + 5, bills.total[given_back], 1, 0),
        (voided, bills.cancelled_at[voided] + 5, bills.total[voided], 2, 0),
        (refunded, bills.refunded_at[refunded], bills.refund[refunded], 1, 0),
    )
    order, at, amount = (np.concatenate([part[column] for part in parts]) for column in (0, 1, 2))
    kind = np.repeat([part[3] for part in parts], [len(part[0]) for part in parts])
    status = np.repeat([part[4] for part in parts], [len(part[0]) for part in parts])
    sundays, end = world.window.sundays(), week_end(local_day(at))
    kept = np.flatnonzero((end <= world.window.last) & (at >= world.window.start))
    kept = kept[np.lexsort((kind[kept], order[kept], at[kept]))]
    file = np.searchsorted(sundays, end[kept])
    files = [FileKey(f"transactions_export_{day_of(int(d))}.csv", int(d)) for d in sundays]

    def cells(rows: Ints) -> Cells:
        row = kept[rows]
        return {
            "Transaction ID": numbers(7_400_000_000 + rows),
            "Name": order_names(bills.number[order[row]]),
            "Kind": pick(pa.array(["sale", "refund", "void"]), kind[row]),
            "Gateway": pick(_GATEWAYS, bills.payment[order[row]]),
            "Created At": offset_text(at[row]),
            "Status": pick(pa.array(["success", "failure"]), status[row]),
            "Amount": cents_text(amount[row]),
            "Currency": constant("EUR", len(rows)),
            "Customer Account": records.account.take(pa.array(order[row])),
        }

    landing.write_text("shop_transactions", files, file, cells, Dialect())


@dataclass(frozen=True)
class Checkouts(Table):
    """One row per abandoned checkout, in the order of their numbers."""

    number: Ints
    person: Ints
    at: Ints


def write_checkouts(scene: Scene, sessions: Sessions, landing: Landing) -> Checkouts:
    """abandoned_checkouts_YYYY-MM-DD.csv, weekly, one row per line item: checkouts of known people that led to no
    order at once.
    """
    world, goods, people = scene.world, catalogue(), scene.world.people
    orders = world.orders
    rng = stream(world.seed, "checkouts")
    sundays = world.window.sundays()
    end = week_end(local_day(sessions.at))
    known = (sessions.person != NONE) & sessions.has_checkout & (sessions.order == NONE) & (end <= world.window.last)
    chosen = np.flatnonzero(
        known & people.has_email[np.maximum(sessions.person, 0)] & (rng.random(len(sessions)) < 0.8)
    )
    person, at = sessions.person[chosen], sessions.at[chosen] + 300
    counts = 1 + np.minimum(rng.poisson(0.7, len(chosen)), 5)
    checkout, number = runs(counts)
    product = rng.choice(len(goods.price), size=len(checkout), p=goods.popularity / goods.popularity.sum())
    quantity = np.minimum(rng.geometric(0.85, len(checkout)), 4).astype(np.int64)
    subtotal = np.bincount(
        checkout, weights=(goods.price[product] * quantity).astype(float), minlength=len(chosen)
    ).astype(np.int64)
    # Recovered: the person orders in shop or app before the export is made, within seven days.
    by_person = np.lexsort((orders.at, orders.person))
    stamp = orders.person[by_person] * (1 << 36) + orders.at[by_person]
    following = np.searchsorted(stamp, person * (1 << 36) + at)
    position = by_person[np.minimum(following, len(by_person) - 1)] if len(by_person) else following
    until = np.minimum(at + 7 * 86_400, to_utc(end[chosen] + 1, np.zeros(len(chosen), dtype=np.int64)))
    recovered = np.zeros(len(chosen), dtype=np.bool_)
    if len(by_person):
        recovered = (following < len(by_person)) & (orders.person[position] == person) & (orders.at[position] < until)
        recovered &= orders.channel[position] <= APP
    email = scene.address(person, local_day(at), np.zeros(len(chosen), dtype=np.bool_))
    account = blank(people.account.take(pa.array(person)), ~sessions.is_logged_in[chosen])
    attributes = _attributes(account, pick(pseudo_ids(sessions), chosen), constant(None, len(chosen)))
    keys = choose(sessions.is_logged_in[chosen], account, key_of("email", email))
    scene.sightings.add("shop", keys, person, scene.kinds("shop", person, local_day(at)))
    form = scene.spelling("shop").phone_form[person]
    phone = blank(phone_text(people.mobile.take(pa.array(person)), form), rng.random(len(chosen)) < 0.5)
    file = np.searchsorted(sundays, end[chosen])[checkout]
    files = [FileKey(f"abandoned_checkouts_{day_of(int(d))}.csv", int(d)) for d in sundays]

    def cells(rows: Ints) -> Cells:
        row, first = checkout[rows], number[rows] == 0
        taken = pa.array(row)

        def head(values: Text) -> Text:
            return blank(values, ~first)

        return {
            "Id": numbers(FIRST_CHECKOUT + row),
            "Email": head(email.take(taken)),
            "Phone": head(phone.take(taken)),
            "Created at": offset_text(at[row]),
            "Recovery Status": head(choose(recovered[row], "Recovered", "Not Recovered")),
            "Currency": head(constant("EUR", len(rows))),
            "Subtotal": head(cents_text(subtotal[row])),
            "Total": head(cents_text(subtotal[row] + np.where(subtotal[row] < 6_000, 490, 0))),
            "Lineitem quantity": numbers(quantity[rows]),
            "Lineitem price": cents_text(goods.price[product[rows]]),
            "Lineitem sku": pick(goods.sku, product[rows]),
            "Lineitem name": quoted(pick(goods.name, product[rows])),
            "Note Attributes": head(quoted(attributes.take(taken))),
            "Source": head(choose(sessions.device[chosen][row] == 2, "mobile_app", "web")),
        }

    landing.write_text("shop_checkouts", files, file, cells, Dialect(), number > 0)
    return Checkouts(FIRST_CHECKOUT + np.arange(len(chosen), dtype=np.int64), person, at)


@dataclass(frozen=True)
class AccountVersions(Table):
    """One row per version of an account, sorted by account number and day: as opened, and after each change."""

    person: Ints
    day: Ints
    has_name: Flags
    named_on: Ints
    uses_second: Flags
    has_address: Flags
    located_on: Ints


def make_account_versions(scene: Scene, records: ShopRecords) -> AccountVersions:
    """All versions until the window's end. Two in five know an e-mail alone until they order; an order brings the
    address, and sometimes the new name or home. Who orders keeps the e-mail of the orders; others may change theirs.
    """
    people, orders, window = scene.world.people, scene.world.orders, scene.world.window
    rng = stream(scene.world.seed, "accounts")
    size, opened = len(people), people.account_day
    told = rng.random((3, size))
    gives_name = rng.random(size) < 0.6
    gives_address = rng.random(size) < np.where((opened < window.first) & ~people.is_prospect, 0.45, 0.05)
    sold = np.flatnonzero(scene.sales.bills.is_shop & records.has_account)
    buyer, sold_day = orders.person[sold], local_day(orders.at[sold])

    def first_order_since(since: Ints) -> Ints:
        out = np.full(size, FAR, dtype=np.int64)
        rows = sold_day >= since[buyer]
        np.minimum.at(out, buyer[rows], sold_day[rows])
        return out

    ordered = first_order_since(opened)
    moved = np.where(told[0] < 0.7, first_order_since(people.moved_day), FAR)
    renamed = np.where(told[1] < 0.4, first_order_since(people.renamed_day), FAR)
    changed = np.where((ordered == FAR) & (told[2] < 0.35), np.maximum(people.second_email_day + 7, opened), FAR)
    days = np.stack([opened, ordered, moved, renamed, changed])
    person = np.broadcast_to(people.number, days.shape)
    happens = (opened < FAR) & (days <= window.last)
    pairs = np.unique(person[happens] * (1 << 24) + days[happens])
    person, day = pairs >> 24, pairs & ((1 << 24) - 1)
    order = np.lexsort((day, person, opened[person]))
    person, day = person[order], day[order]
    at_opening = np.where(gives_address, opened, np.minimum(ordered, FAR - 1))
    return AccountVersions(
        person=person,
        day=day,
        has_name=gives_name[person] | (ordered[person] <= day),
        named_on=np.where(renamed[person] <= day, FAR - 1, opened[person]),
        uses_second=changed[person] <= day,
        has_address=gives_address[person] | (ordered[person] <= day),
        located_on=np.where(moved[person] <= day, FAR - 1, at_opening[person]),
    )


def write_customers(scene: Scene, records: ShopRecords, sessions: Sessions, landing: Landing) -> None:
    """customers_export_YYYY-MM-DD.csv, monthly full snapshot of the customer accounts."""
    world, people = scene.world, scene.world.people
    orders, size = world.orders, len(people)
    versions = make_account_versions(scene, records)
    rng = stream(world.seed, "customers")
    clock = rng.integers(8 * 3600, 22 * 3600, (2, size))
    gives_phone = rng.random(size) < 0.12
    # Opened before the first sign-in and the first order.
    created = np.maximum(to_utc(np.minimum(people.account_day, world.window.last), clock[0]), people.arrived_at)
    signed_in = np.flatnonzero(sessions.is_logged_in)
    np.minimum.at(created, sessions.person[signed_in], sessions.at[signed_in])
    sold = np.flatnonzero(scene.sales.bills.is_shop & records.has_account)
    np.minimum.at(created, orders.person[sold], orders.at[sold])
    spelling = scene.spelling("account")
    digits = choose(np.asarray(people.has_mobile), people.mobile, people.landline)
    phone = phone_text(digits, spelling.phone_form)

    # Texts are made once per version; a snapshot is a choice of versions.
    def version_cells() -> Cells:
        who, day = versions.person, versions.day
        taken = pa.array(who)
        town = city_index(people, who, versions.located_on)
        nowhere = ~versions.has_address
        newsletter = choose(people.takes_email[who], "newsletter", "")
        app = choose(people.takes_push[who], "app", "")
        both = choose(people.takes_email[who] & people.takes_push[who], ", ", "")
        return {
            "Customer ID": people.account.take(taken),
            "First Name": blank(spelling.first.take(taken), ~versions.has_name),
            "Last Name": blank(scene.surname("account", who, versions.named_on), ~versions.has_name),
            "Email": scene.address(who, day, versions.uses_second),
            "Accepts Email Marketing": choose(people.takes_email[who], "yes", "no"),
            "Default Address Address1": blank(quoted(street_text(people, who, versions.located_on)), nowhere),
            "Default Address City": blank(pick(places().city, town), nowhere),
            "Default Address Zip": blank(pick(places().postcode, town), nowhere),
            "Default Address Country Code": blank(constant("FR", len(who)), nowhere),
            "Default Address Phone": blank(phone.take(taken), nowhere | (who % 5 == 0)),
            "Phone": blank(phone.take(taken), ~gives_phone[who]),
            "Accepts SMS Marketing": choose(people.takes_sms[who], "yes", "no"),
            "Created at": offset_text(created[who]),
            "Updated at": offset_text(
                np.where(day == people.account_day[who], created[who], to_utc(day, clock[1, who]))
            ),
            "Tags": quoted(joined(newsletter, both, app)),
        }

    next_day = np.append(versions.day[1:], FAR)
    next_day[:-1][versions.person[1:] != versions.person[:-1]] = FAR
    month_ends = world.window.month_ends()
    rows = [np.flatnonzero((versions.day <= day) & (next_day > day)) for day in month_ends]
    row = np.concatenate([*rows, np.zeros(0, dtype=np.int64)])
    shown = np.unique(row)
    is_last = np.append(versions.person[shown[1:]] != versions.person[shown[:-1]], True)[: len(shown)]
    seen = versions.take(shown[is_last])
    kinds = choose(seen.has_name, scene.kinds("account", seen.person, seen.named_on), "exact")
    kinds = choose(seen.uses_second, "second_email", kinds)
    kinds = choose(people.shares_tablet[seen.person], "shared_device", kinds)
    scene.sightings.add("web", people.account.take(pa.array(seen.person)), seen.person, kinds)
    everything = version_cells()
    landing.write_text(
        "shop_customers",
        [FileKey(f"customers_export_{day_of(int(day))}.csv", int(day)) for day in month_ends],
        np.repeat(np.arange(len(month_ends)), [len(part) for part in rows]),
        lambda chunk: {name: values.take(pa.array(row[chunk])) for name, values in everything.items()},
        Dialect(),
    )
