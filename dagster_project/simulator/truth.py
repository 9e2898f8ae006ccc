"""What really happened, written apart for whoever judges the pipeline: people, records, processes, orders, touches,
sessions, effects, dirt.

The pipeline never reads it. Columns are described in the package docstring.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.simulator import behaviour, marketing
from dagster_project.simulator.behaviour import SALES_CHANNELS, SERVICE_CHANNELS, World
from dagster_project.simulator.calendar import date_text, utc_text
from dagster_project.simulator.channels.web import Sessions, pseudo_ids
from dagster_project.simulator.columns import NONE, Ints, Text, blank, choose, joined, numbers, padded, pick
from dagster_project.simulator.dirt import DirtBook
from dagster_project.simulator.marketing import (
    CAMPAIGNS,
    TOUCH_CHANNELS,
    TOUCH_DELAY,
    TOUCH_EFFECT,
    experiments,
    mailings,
)
from dagster_project.simulator.names import name_book
from dagster_project.simulator.people import FAR, People, person_ids
from dagster_project.simulator.places import places
from dagster_project.simulator.records import Scene
from dagster_project.simulator.sales import LATER
from dagster_project.simulator.verbatims import TOPICS


def write_truth(
    folder: Path,
    scene: Scene,
    sessions: Sessions,
    order_keys: Text,
    ticket_numbers: Ints,
    dirt: DirtBook,
    arguments: dict[str, Any],
) -> None:
    """Write all truth files into `folder` (made here, for its owner alone)."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    world = scene.world
    _parquet(folder / "people.parquet", _people(world.people))
    _csv(folder / "source_records.csv", scene.sightings.table())
    _parquet(folder / "processes.parquet", _processes(world))
    _parquet(folder / "orders.parquet", _orders(scene, order_keys))
    _parquet(folder / "touches.parquet", _touches(world))
    _parquet(folder / "sessions.parquet", _sessions(sessions))
    _csv(folder / "channel_counterfactual.csv", _counterfactual(scene))
    _csv(folder / "experiments.csv", _experiments(world))
    _csv(folder / "satisfaction_effects.csv", _satisfaction(world, ticket_numbers))
    planted = pd.DataFrame(
        [asdict(item) for item in dirt.planted], columns=["extract", "file", "line", "kind", "outcome"]
    )
    planted["line"] = planted["line"].astype("Int64")
    _csv(folder / "dirt.csv", planted.sort_values(["extract", "file", "line", "kind"], kind="stable"))
    (folder / "parameters.json").write_text(
        json.dumps(_parameters(arguments), indent=2, ensure_ascii=False) + "\n", encoding="utf-8"
    )


def write_effects(folder: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write what single channels planted, one file per table, beside the rest of the truth."""
    for name, frame in tables.items():
        _csv(folder / f"{name}.csv", frame)


def _parquet(path: Path, columns: dict[str, Any]) -> None:
    pq.write_table(pa.table(columns), path, compression="zstd")


def _csv(path: Path, frame: pd.DataFrame) -> None:
    frame.to_csv(path, index=False, lineterminator="\n")


def _day(days: Ints) -> Text:
    return blank(date_text(np.where(days >= FAR, 0, days)), days >= FAR)


def _instant(at: Ints) -> Text:
    absent = at >= marketing.NEVER // 2
    return blank(utc_text(np.where(absent, 0, at)), absent)


def _people(people: People) -> dict[str, Any]:
    book, land = name_book(), places()
    return {
        "person_id": person_ids(people.number),
        "first_name": pick(book.first, people.first),
        "last_name": pick(book.last, people.last),
        "maiden_name": pick(book.last, people.maiden),
        "renamed_on": blank(_day(people.renamed_day), people.maiden == NONE),
        "gender": choose(people.is_female, "female", "male"),
        "birth_date": date_text(people.birth_day),
        "household_partner": blank(person_ids(np.maximum(people.partner, 0)), people.partner == NONE),
        "email": people.email,
        "shares_mailbox": people.shares_mailbox,
        "second_email": people.second_email,
        "second_email_since": _day(people.second_email_day),
        "mobile": people.mobile,
        "landline": people.landline,
        "city": pick(land.city, people.city),
        "postal_code": pick(land.postcode, people.city),
        "region": pick(land.region, people.city),
        "moved_on": _day(people.moved_day),
        "new_city": blank(pick(land.city, people.new_city), people.moved_day >= FAR),
        "web_account": people.account,
        "account_since": _day(people.account_day),
        "loyalty_card": people.card,
        "card_since": _day(people.card_day),
        "arrived_at": _instant(people.arrived_at),
        "is_prospect": people.is_prospect,
        "is_anonymous": people.is_anonymous,
        "shares_tablet": people.shares_tablet,
    }


def _processes(world: World) -> dict[str, Any]:
    life, people = world.life, world.people
    size = len(people)
    touched = np.bincount(world.touches.person, weights=world.touches.effect, minlength=size)
    orders = np.bincount(world.orders.person, minlength=size)
    return {
        "person_id": person_ids(people.number),
        "arrived_at": _instant(people.arrived_at),
        "baseline_rate_per_day": life.rate,
        "gain": life.gain,
        "dropout_rate_per_day": life.dropout_rate,
        "natural_dropout_at": _instant(life.natural_dropout_at),
        "dropout_at": _instant(life.dropout_at),
        "dropout_cause": choose(
            life.dropout_at < life.natural_dropout_at,
            "dissatisfaction",
            choose(life.dropout_at >= marketing.NEVER // 2, "none", "natural"),
        ),
        "expected_touch_orders": touched,
        "orders": orders.astype(np.int64),
    }


def _touch_ids(rows: Ints) -> Text:
    return blank(joined("T", padded(np.maximum(rows, 0) + 1, 9)), rows == NONE)


def _orders(scene: Scene, order_keys: Text) -> dict[str, Any]:
    world, bills = scene.world, scene.sales.bills
    orders, touches = world.orders, world.touches
    tests = pa.array([test.id for test in experiments(world.window)])
    channel = np.where(
        orders.touch == NONE, NONE, touches.channel[np.maximum(orders.touch, 0)] if len(touches) else NONE
    )
    return {
        "order_key": order_keys,
        "source_system": choose(bills.is_shop, "shop", "pos"),
        "person_id": person_ids(orders.person),
        "ordered_at": utc_text(orders.at),
        "sales_channel": pick(pa.array(SALES_CHANNELS), orders.channel),
        "is_cancelled": bills.cancelled_at < LATER,
        "is_first_in_truth": orders.is_first,
        "gross_ttc_cents": bills.gross,
        "total_ttc_cents": bills.total,
        "refund_ttc_cents": bills.refund,
        "born_of": choose(orders.touch == NONE, "baseline", "touch"),
        "touch_id": _touch_ids(orders.touch),
        "touch_channel": pick(pa.array(TOUCH_CHANNELS), channel),
        "visit_touch_id": _touch_ids(orders.visit),
        "experiment_id": pick(tests, orders.experiment),
    }


def _touches(world: World) -> dict[str, Any]:
    touches = world.touches
    caused = np.bincount(world.orders.touch[world.orders.touch != NONE], minlength=len(touches))
    campaign = pick(pa.array([campaign.id for campaign in CAMPAIGNS]), touches.campaign)
    mails = mailings(world.window, world.seed)
    mailing = np.where(
        touches.send == NONE, NONE, world.sends.mailing[np.maximum(touches.send, 0)] if len(world.sends) else NONE
    )
    campaign = choose(mailing != NONE, pick(pa.array([mail.id for mail in mails], pa.string()), mailing), campaign)
    kind = np.array([0, 1, 2, 0])[touches.origin]
    return {
        "touch_id": _touch_ids(np.arange(len(touches), dtype=np.int64)),
        "person_id": person_ids(touches.person),
        "touched_at": utc_text(touches.at),
        "touch_channel": pick(pa.array(TOUCH_CHANNELS), touches.channel),
        "campaign_id": campaign,
        "touch_kind": pick(pa.array(["session", "click", "contact"]), kind),
        "expected_orders": touches.effect,
        "orders_caused": caused.astype(np.int64),
    }


def _sessions(sessions: Sessions) -> dict[str, Any]:
    return {
        "device_id": pseudo_ids(sessions),
        "device_session": numbers(sessions.at),
        "person_id": blank(person_ids(np.maximum(sessions.person, 0)), sessions.person == NONE),
        "started_at": utc_text(sessions.at),
        "is_logged_in": sessions.is_logged_in,
        "is_shared_device": sessions.is_shared_device,
        "has_cookie_consent": sessions.has_consent,
    }


def _counterfactual(scene: Scene) -> pd.DataFrame:
    world, bills = scene.world, scene.sales.bills
    orders, touches = world.orders, world.touches
    rows = []
    valid = bills.cancelled_at == LATER
    touch_born = np.flatnonzero(orders.touch != NONE)
    channel = touches.channel[orders.touch[touch_born]]
    for number, name in enumerate(TOUCH_CHANNELS):
        mine = touch_born[channel == number]
        rows.append(
            {
                "touch_channel": name,
                "touches": int((touches.channel == number).sum()),
                "orders_caused": len(mine),
                "share_of_touch_born": round(len(mine) / max(len(touch_born), 1), 6),
                "first_orders_caused": int(orders.is_first[mine].sum()),
                "cancelled": int((~valid[mine]).sum()),
                "total_ttc_cents_caused": int(bills.total[mine][valid[mine]].sum()),
            }
        )
    rows.append(
        {
            "touch_channel": "store_visit",
            "touches": 0,
            "orders_caused": 0,
            "share_of_touch_born": 0.0,
            "first_orders_caused": 0,
            "cancelled": 0,
            "total_ttc_cents_caused": 0,
        }
    )
    baseline = orders.touch == NONE
    rows.append(
        {
            "touch_channel": "baseline",
            "touches": 0,
            "orders_caused": int(baseline.sum()),
            "share_of_touch_born": np.nan,
            "first_orders_caused": int((baseline & orders.is_first).sum()),
            "cancelled": int((baseline & ~valid).sum()),
            "total_ttc_cents_caused": int(bills.total[baseline & valid].sum()),
        }
    )
    return pd.DataFrame(rows)


def _experiments(world: World) -> pd.DataFrame:
    rows = []
    for number, test in enumerate(experiments(world.window)):
        mine = world.exposures.experiment == number
        treated = int((mine & world.exposures.is_treated).sum())
        extra = int((world.orders.experiment == number).sum())
        rows.append(
            {
                "experiment_id": test.id,
                "experiment_name": test.name,
                "unit_type": test.unit_type,
                "treated": test.treated,
                "control": test.control,
                "first_day": str(np.datetime64(test.first_day, "D")),
                "last_day": str(np.datetime64(test.last_day, "D")),
                "units_treated": treated,
                "units_control": int(mine.sum()) - treated,
                "hazard_lift": test.lift,
                "orders_caused": extra,
                "orders_caused_per_treated_unit": round(extra / treated, 6) if treated else None,
            }
        )
    return pd.DataFrame(rows)


def _satisfaction(world: World, ticket_numbers: Ints) -> pd.DataFrame:
    contacts = world.contacts
    return pd.DataFrame(
        {
            "ticket_id": ticket_numbers,
            "person_id": person_ids(contacts.person).to_pandas(),
            "created_at": utc_text(contacts.at).to_pandas(),
            "channel": pick(pa.array(SERVICE_CHANNELS), contacts.channel).to_pandas(),
            "topic": pick(pa.array(TOPICS), contacts.topic).to_pandas(),
            "ease": contacts.ease,
            "transfers": contacts.transfers,
            "hours_to_resolution": np.round(contacts.solve_hours, 4),
            "reopened": contacts.reopened,
            "added_dropout_hazard": contacts.hazard,
            "caused_dropout": contacts.caused_dropout,
        }
    )


def _parameters(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "arguments": arguments,
        "purchase_rate": {"family": "gamma", "r": behaviour.R, "alpha_days": behaviour.ALPHA},
        "dropout_rate": {"family": "gamma", "s": behaviour.S, "beta_days": behaviour.BETA},
        "gain_cap": behaviour.GAIN_CAP,
        "touch_effect": dict(zip(TOUCH_CHANNELS, TOUCH_EFFECT, strict=True)),
        "touch_delay_days": dict(zip(TOUCH_CHANNELS, TOUCH_DELAY, strict=True)),
        "first_order_baseline_share": behaviour.FIRST_BASELINE_SHARE,
        "test_offer_factor": behaviour.TEST_OFFER,
        "navigational_share": behaviour.NAVIGATIONAL_SHARE,
        "visits_after_dropout": behaviour.AFTER_DROPOUT,
        "added_dropout_hazard": {
            "difficult_contact": behaviour.DIFFICULT_HAZARD,
            "slow_resolution": behaviour.SLOW_HAZARD,
            "slow_resolution_hours": behaviour.SLOW_HOURS,
            "difficult": "ease <= 3",
        },
    }
