"""The tills (POS): one semicolon file a day with all stores' ticket lines, in cp1252 with decimal commas.

VENTE is a sale, RETOUR goods brought back (negative quantities at the price paid), ANNULATION a ticket voided before
payment and rung up again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from dagster_project.simulator.behaviour import STORE
from dagster_project.simulator.calendar import (
    DAY,
    cents_text,
    date_text,
    day_of,
    local_day,
    time_text,
    to_local,
    to_utc,
    weekday,
)
from dagster_project.simulator.catalogue import catalogue
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
    padded,
    pick,
    runs,
    stream,
)
from dagster_project.simulator.places import store_codes, stores
from dagster_project.simulator.records import Scene, key_of
from dagster_project.simulator.render import Cells
from dagster_project.simulator.writers import Dialect, FileKey, Landing

_SALE, _RETURN, _VOID = range(3)
VOID_SHARE, RETURN_SHARE = 0.01, 0.045
_SELLERS = pa.array(
    ["A. Rémy", "C. Noël", "F. Dubois", "J. Léger", "K. Benali", "L. Géraud", "M. Costa", "N. Hélias", "S. Petit"]
)
_PAYMENTS = pa.array(["CB", "ESPÈCES", "CHÈQUE", "CARTE CADEAU"])


@dataclass(frozen=True)
class Tickets(Table):
    """One row per till ticket, sorted by time. `order`: the order rung up, voided or partly brought back."""

    order: Ints
    at: Ints
    kind: Ints
    store: Ints
    till: Ints
    number: Ints
    shows_card: Flags
    gives_email: Flags
    knows_origin: Flags


def make_tickets(scene: Scene) -> Tickets:
    """Every ticket of the window."""
    world, bills = scene.world, scene.sales.bills
    orders, people, window = world.orders, world.people, world.window
    rng = stream(world.seed, "tickets")
    sold = np.flatnonzero(orders.channel == STORE)
    size = len(sold)
    at = orders.at[sold]
    void = np.flatnonzero(rng.random(size) < VOID_SHARE)
    back = np.flatnonzero(rng.random(size) < RETURN_SHARE)
    back_day = local_day(at[back]) + rng.integers(2, 31, len(back))
    back_day = back_day + (weekday(back_day) == 7)
    back_at = to_utc(back_day, rng.integers(10 * 3600, 19 * 3600, len(back)))
    back_store = np.where(
        rng.random(len(back)) < 0.88, bills.store[sold[back]], rng.integers(0, len(stores()), len(back))
    )
    order = np.r_[sold, sold[void], sold[back]]
    when = np.r_[at, at[void] - 95, back_at]
    kind = np.repeat([_SALE, _VOID, _RETURN], [size, len(void), len(back)])
    store = np.r_[bills.store[sold], bills.store[sold[void]], back_store]
    till_of_order = 1 + order * 7 % 3
    keep = np.flatnonzero(when < window.end)
    keep = keep[np.lexsort((kind[keep], order[keep], when[keep]))]
    order, when, kind, store, till = order[keep], when[keep], kind[keep], store[keep], till_of_order[keep]
    person, day = orders.person[order], local_day(when)
    draw = stream(world.seed, "till identification").random(
        (2, len(orders))
    )  # a voided ticket shows what its sale shows
    return Tickets(
        order=order,
        at=when,
        kind=kind,
        store=store,
        till=till,
        number=_numbers(store, till, day),
        shows_card=(people.card_day[person] <= day) & (draw[0, order] < 0.88),
        gives_email=people.has_email[person] & (draw[1, order] < 0.14),
        knows_origin=rng.random(len(order)) < 0.86,
    )


def _numbers(store: Ints, till: Ints, day: Ints) -> Ints:
    """Ticket numbers: from 1 each day at each till, in order of time (rows come sorted by time)."""
    group = (day * 64 + store) * 8 + till
    order = np.argsort(group, kind="stable")
    ordered = group[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(group) else np.zeros(0, dtype=np.int64)
    out = np.zeros(len(group), dtype=np.int64)
    out[order] = np.arange(len(group)) - np.repeat(starts, np.diff(np.r_[starts, len(group)])) + 1
    return out


def ticket_keys(tickets: Tickets) -> Text:
    """`<magasin>-<caisse>-<ticket>-<yyyymmdd>` of each ticket."""
    return joined(
        pick(store_codes(), tickets.store),
        "-",
        padded(tickets.till, 2),
        "-",
        padded(tickets.number, 4),
        "-",
        date_text(local_day(tickets.at), "yyyyMMdd"),
    )


def keys_of_orders(tickets: Tickets, orders: int) -> Text:
    """The ticket key of each order's sale; null for orders that are no store sales. Shape: one per order."""
    row = np.full(orders, NONE, dtype=np.int64)
    sales = np.flatnonzero(tickets.kind == _SALE)
    row[tickets.order[sales]] = sales
    return pick(ticket_keys(tickets), row)


def write_tickets(scene: Scene, tickets: Tickets, landing: Landing) -> None:
    """tickets_YYYYMMDD.csv, daily: one row per ticket line."""
    world, bills, lines, goods = scene.world, scene.sales.bills, scene.sales.lines, catalogue()
    people, window, person = world.people, world.window, world.orders.person
    counts = np.where(tickets.kind == _RETURN, 1, bills.line_count[tickets.order])
    order_of_ticket = np.lexsort((tickets.number, tickets.till, tickets.store, local_day(tickets.at)))
    ticket, line_number = runs(counts[order_of_ticket])
    ticket = order_of_ticket[ticket]
    days = local_day(tickets.at)
    origin = keys_of_orders(tickets, len(world.orders))
    email = scene.address(person[tickets.order], days, np.zeros(len(tickets), dtype=np.bool_))
    mail_only = tickets.gives_email & ~tickets.shows_card
    who = person[tickets.order][mail_only]
    scene.sightings.add(
        "pos", key_of("email", email.filter(pa.array(mail_only))), who, scene.kinds("crm", who, days[mail_only])
    )
    files = [FileKey(f"tickets_{day_of(int(d)).strftime('%Y%m%d')}.csv", int(d)) for d in window.every_day()]

    def cells(rows: Ints) -> Cells:
        row = ticket[rows]
        order, kind = tickets.order[row], tickets.kind[row]
        is_return = kind == _RETURN
        line = bills.first_line[order] + line_number[rows]
        quantity, price, discount = lines.quantity[line], lines.price[line], lines.discount[line]
        paid_each = (price * quantity - discount) // quantity
        quantity = np.where(is_return, -1, quantity)
        price = np.where(is_return, paid_each, price)
        discount = np.where(is_return, 0, discount)
        product = lines.product[line]
        local = to_local(tickets.at[row])
        vat = goods.vat[product]
        return {
            "magasin": pick(store_codes(), tickets.store[row]),
            "caisse": padded(tickets.till[row], 2),
            "ticket": padded(tickets.number[row], 4),
            "date": date_text(local // DAY, "dd/MM/yyyy"),
            "heure": time_text(local % DAY),
            "ligne": numbers(line_number[rows] + 1),
            "ean": pick(goods.ean, product),
            "libelle": pick(goods.till_label, product),
            "quantite": numbers(quantity),
            "prix_unitaire_ttc": cents_text(price, ","),
            "remise_ttc": cents_text(discount, ","),
            "taux_tva": cents_text(vat, ","),
            "montant_ttc": cents_text(quantity * price - discount, ","),
            "type": pick(pa.array(["VENTE", "RETOUR", "ANNULATION"]), kind),
            "carte_fidelite": blank(people.card.take(pa.array(person[order])), ~tickets.shows_card[row]),
            "email_ticket": blank(email.take(pa.array(row)), ~tickets.gives_email[row]),
            "vendeur": pick(_SELLERS, (tickets.store[row] * 5 + tickets.till[row]) % len(_SELLERS)),
            "mode_paiement": choose(kind == _VOID, "", pick(_PAYMENTS, bills.payment[order])),
            "ticket_origine": blank(origin.take(pa.array(order)), ~is_return | ~tickets.knows_origin[row]),
        }

    landing.write_text(
        "pos_tickets", files, days[ticket] - window.first, cells, Dialect(delimiter=";", encoding="cp1252")
    )
