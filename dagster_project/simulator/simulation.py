"""Runs the simulator: people, behaviour, sales, then every channel's files, then the truth."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.simulator.behaviour import live
from dagster_project.simulator.calendar import window_of
from dagster_project.simulator.channels import (
    ads,
    bot,
    calls,
    consents,
    costs,
    crm,
    footfall,
    loyalty,
    messaging,
    pickups,
    pos,
    reference,
    relaunches,
    shop,
    social,
    stock,
    support,
    surveys,
    web,
)
from dagster_project.simulator.columns import choose
from dagster_project.simulator.dirt import DirtBook
from dagster_project.simulator.people import People, make_people
from dagster_project.simulator.records import Scene, Sightings
from dagster_project.simulator.sales import fill_baskets
from dagster_project.simulator.truth import write_effects, write_truth
from dagster_project.simulator.writers import Landing


def _mailboxes(people: People) -> frozenset[str]:
    """Addresses that two people share."""
    return frozenset(people.email.filter(pa.array(people.shares_mailbox)).to_pylist())


class SimulationError(ValueError):
    """Arguments or a landing folder the simulator cannot work with; the message says what to do."""


@dataclass(frozen=True)
class SimulationSummary:
    """What was written. `rows`: records per extract without re-deliveries; `dirt`: planted defects per outcome."""

    files: int
    rows: dict[str, int]
    people: int
    orders: int
    touches: int
    dirt: dict[str, int]


def simulate(
    customers: int,
    months: int,
    seed: int,
    landing: Path,
    *,
    dirt: bool = True,
    until: date = date(2026, 10, 31),
    web_format: Literal["jsonl", "parquet"] = "jsonl",
    progress: Callable[[str], None] | None = None,
) -> SimulationSummary:
    """Write `months` calendar months of extracts, ending with the month of `until`, into `landing`, and the truth
    beside it.

    The same arguments give the same bytes. Raises SimulationError when an argument is out of range or `landing` or
    the truth folder already holds files.
    """
    if customers < 50:
        raise SimulationError(f"customers is {customers}: the simulator needs at least 50 people")
    if not 1 <= months <= 120:
        raise SimulationError(f"months is {months}: choose 1 to 120")
    truth = landing.parent / "truth"
    for folder in (landing, truth):
        if folder.exists() and any(path.is_file() for path in folder.rglob("*")):
            raise SimulationError(
                f"{folder} already holds files: choose an empty folder (--landing), or remove what is in this one first"
            )
    tell = progress or (lambda _: None)
    window = window_of(months, until)

    tell("people and their behaviour")
    people = make_people(customers, window, seed)
    world = live(people, window, seed)
    scene = Scene(world, fill_baskets(world), Sightings(_mailboxes(people)))
    book = DirtBook(seed, window.last, dirt)
    target = Landing(landing, window, book)

    tell("web and app sessions")
    sessions = web.make_sessions(world)
    records = shop.ShopRecords(scene, sessions)
    tickets = pos.make_tickets(scene)
    till_keys = pos.keys_of_orders(tickets, len(world.orders))
    order_keys = choose(scene.sales.bills.is_shop, shop.order_names(scene.sales.bills.number), till_keys)
    web.write_events(scene, sessions, target, web_format)
    tell("shop and tills")
    shop.write_orders(scene, records, target)
    shop.write_transactions(scene, records, target)
    checkouts = shop.write_checkouts(scene, sessions, target)
    shop.write_customers(scene, records, sessions, target)
    web.note_users(scene, sessions)  # the export comes first: it says how an account's name is spelled
    pos.write_tickets(scene, tickets, target)
    pickups.write_pickups(scene, target)
    footfall.write_footfall(scene, tickets, target)
    tell("CRM, loyalty programme, consents")
    crm.write_contacts(scene, target)
    points, before = loyalty.make_points(scene, tickets, records)
    loyalty.write_events(scene, points, order_keys, target)
    loyalty.write_members(scene, points, before, target)
    consents.write_consents(scene, target)
    tell("messages")
    messaging.write_messages(scene, records, messaging.make_mail(scene, records), target)
    relaunched = relaunches.make_relaunches(scene, checkouts)
    relaunches.write_relaunches(scene, relaunched, target)
    tell("advertising, social networks, costs, experiments")
    ads.write_ads(scene, ads.make_insights(scene, sessions), target)
    posts = social.make_posts(scene)
    comments = social.make_comments(scene, posts)
    social.write_posts(scene, posts, target)
    social.write_comments(scene, comments, target)
    social.write_followers(scene, target)
    costs.write_costs(scene, target)
    costs.write_plans(scene, target)
    costs.write_exposures(scene, target)
    tell("service and surveys")
    support.write_tickets(scene, support.make_history(scene), order_keys, target)
    calls.write_calls(scene, calls.make_calls(scene), target)
    conversations = bot.make_conversations(world, sessions)
    bot.write_conversations(scene, conversations, target)
    invitations = surveys.make_invitations(scene, tickets, records)
    surveys.write_responses(scene, invitations, records, order_keys, target)
    tell("products, stores, stock")
    pieces = reference.make_stock(scene)
    reference.write_reference(scene, pieces, target)
    stock.write_stock_outs(scene, stock.make_spells(scene, pieces), target)
    target.close()

    tell("truth")
    arguments = {
        "customers": customers,
        "months": months,
        "seed": seed,
        "dirt": dirt,
        "until": until.isoformat(),
        "web_format": web_format,
    }
    write_truth(
        truth, scene, sessions, order_keys, support.FIRST_TICKET + np.arange(len(world.contacts)), book, arguments
    )
    write_effects(
        truth,
        {
            "relaunches": relaunches.truth_of_relaunches(relaunched, order_keys),
            "bot_conversations": bot.truth_of_conversations(conversations),
            "verbatims": pd.concat(
                [surveys.truth_of_verbatims(scene, invitations), social.truth_of_comments(comments)]
            ),
            "store_conversion": footfall.truth_of_stores(world.seed),
        },
    )
    return SimulationSummary(
        files=target.files,
        rows=dict(sorted(target.rows.items())),
        people=customers,
        orders=len(world.orders),
        touches=len(world.touches),
        dirt=dict(sorted(Counter(item.outcome for item in book.planted).items())),
    )
