"""What is in every order: lines, prices, discounts, shipping, VAT, and what becomes of it (paid, fulfilled,
cancelled, refunded).

Money is in cents with tax included, as shop and tills keep it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dagster_project.simulator.behaviour import APP, MARKETPLACE, PHONE_ORDER, STORE, World
from dagster_project.simulator.calendar import DAY, local_day, month_of
from dagster_project.simulator.catalogue import PRODUCTS, catalogue
from dagster_project.simulator.columns import NONE, Flags, Ints, Table, runs, stream
from dagster_project.simulator.places import stores

DISCOUNT_CODES = ("BIENVENUE10", "MERCI10", "SOLDES15", "ANNIV20")
_DISCOUNT_RATES = (10, 10, 15, 20)
LATER = 1 << 40  # an instant that never comes
SHIP, EXPRESS, COLLECT = 0, 1, 2


@dataclass(frozen=True)
class Lines(Table):
    """One row per order line, sorted by order. `full_price`: price before the sales; `discount`: of the whole line,
    tills only.
    """

    order: Ints
    product: Ints
    quantity: Ints
    price: Ints
    full_price: Ints
    discount: Ints


@dataclass(frozen=True)
class Bills(Table):
    """One row per order, same order as World.orders. `first_line`: row in Lines; instants are LATER when they never
    come.
    """

    is_shop: Flags
    number: Ints
    first_line: Ints
    line_count: Ints
    gross: Ints
    discount_code: Ints
    discount: Ints
    shipping: Ints
    taxes: Ints
    total: Ints
    delivery: Ints
    store: Ints
    payment: Ints
    paid_at: Ints
    fulfilled_at: Ints
    cancelled_at: Ints
    is_voided: Flags
    refunded_at: Ints
    refund: Ints


@dataclass(frozen=True)
class Sales:
    """Lines and bills of all orders."""

    lines: Lines
    bills: Bills


def fill_baskets(world: World) -> Sales:
    """Give every order its lines and its fate."""
    orders, people = world.orders, world.people
    rng, goods = stream(world.seed, "baskets"), catalogue()
    size = len(orders)
    counts = 1 + np.minimum(rng.poisson(0.85, size), 6)
    order, _ = runs(counts)
    favourite = np.arange(PRODUCTS) % 9
    chances = goods.popularity / goods.popularity.sum()
    product = rng.choice(PRODUCTS, size=len(order), p=chances)
    own = rng.random(len(order)) < 0.35  # people have a leaning: every ninth product, by person
    shelf = np.flatnonzero(favourite == 0)
    leaning = (shelf[rng.integers(0, len(shelf), len(order))] + orders.person[order] % 9) % PRODUCTS
    product = np.where(own, leaning, product)
    month = month_of(local_day(orders.at[order]))
    is_reduced = ((month == 1) | (month == 7)) & (product % 3 == 0)
    full_price = goods.price[product]
    price = np.where(is_reduced, full_price * 4 // 5, full_price)
    quantity = np.minimum(rng.geometric(0.82, len(order)), 6).astype(np.int64)
    is_shop = orders.channel != STORE
    till_offer = ~is_shop & (rng.random(size) < 0.12)
    line_discount = np.where(till_offer[order], price * quantity // 10, 0)
    gross = np.bincount(order, weights=(price * quantity).astype(np.float64), minlength=size).astype(np.int64)

    code = np.where(
        is_shop & (orders.channel != MARKETPLACE) & (rng.random(size) < 0.17), rng.integers(0, 4, size), NONE
    )
    discount = np.where(code == NONE, 0, gross * np.array(_DISCOUNT_RATES)[code] // 100)
    collects = is_shop & (orders.channel <= APP) & (rng.random(size) < 0.14)
    delivery = np.where(collects, COLLECT, np.where(rng.random(size) < 0.07, EXPRESS, SHIP))
    shipping = np.where(
        ~is_shop | collects, 0, np.where(delivery == EXPRESS, 990, np.where(gross - discount < 6_000, 490, 0))
    )
    vat = goods.vat[product] / 10_000
    net = price * quantity - line_discount - (price * quantity) * (discount / np.maximum(gross, 1))[order]
    taxes = np.bincount(order, weights=net * vat / (1 + vat), minlength=size) + shipping / 6
    line_discounts = np.bincount(order, weights=line_discount.astype(np.float64), minlength=size).astype(np.int64)
    total = gross - discount - line_discounts + shipping

    by_transfer = is_shop & (orders.channel == PHONE_ORDER) & (rng.random(size) < 0.35)
    paid_at = np.where(by_transfer, orders.at + (rng.uniform(1.2, 3.5, size) * DAY).astype(np.int64), orders.at + 40)
    fulfilled_at = paid_at + (rng.uniform(0.35, 3.2, size) * DAY).astype(np.int64)
    fate = rng.random(size)
    is_cancelled = is_shop & (fate < 0.024)
    cancelled_at = np.where(is_cancelled, orders.at + rng.integers(600, 20 * 3600, size), LATER)
    paid_at = np.where(is_cancelled & (cancelled_at < paid_at), LATER, paid_at)
    fulfilled_at = np.where(is_cancelled, LATER, fulfilled_at)
    is_refunded = is_shop & (fate > 0.94)
    refunded_at = np.where(is_refunded, fulfilled_at + (rng.uniform(4, 26, size) * DAY).astype(np.int64), LATER)
    in_full = (rng.random(size) < 0.45) | (counts == 1)
    first_line = np.cumsum(counts) - counts
    first_share = price[first_line] * quantity[first_line]
    one_line = first_share - first_share * discount // np.maximum(gross, 1)
    refund = np.where(is_refunded, np.where(in_full, total, one_line), 0)

    abroad = rng.random(size) < 0.1
    store = np.where(abroad, rng.integers(0, len(stores()), size), people.store[orders.person])
    number = np.where(is_shop, np.cumsum(is_shop) - 1, NONE)
    never = np.full(size, LATER, dtype=np.int64)
    return Sales(
        Lines(order, product, quantity, price, full_price, line_discount),
        Bills(
            is_shop=is_shop,
            number=number,
            first_line=first_line,
            line_count=counts.astype(np.int64),
            gross=gross,
            discount_code=code,
            discount=discount,
            shipping=shipping.astype(np.int64),
            taxes=np.rint(taxes).astype(np.int64),
            total=total,
            delivery=delivery.astype(np.int64),
            store=store,
            payment=rng.choice(4, size=size, p=(0.62, 0.22, 0.10, 0.06)),
            paid_at=np.where(is_shop, paid_at, orders.at),
            fulfilled_at=np.where(is_shop, fulfilled_at, never),
            cancelled_at=cancelled_at,
            is_voided=is_cancelled & ((rng.random(size) < 0.4) | (paid_at == LATER)),
            refunded_at=refunded_at,
            refund=refund,
        ),
    )
