"""The truth against the extracts: the same orders, the same records, sums that agree."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import json
from typing import Any

import pandas as pd
import pytest


def test_the_orders_of_truth_are_those_of_shop_and_tills(clean: Any) -> None:
    orders = clean.frame("orders.parquet")
    shop = {row["Name"] for row in clean.csv_rows("shop_orders")}
    assert set(orders.loc[orders["source_system"] == "shop", "order_key"]) == shop
    tickets = {
        f"{row['magasin']}-{row['caisse']}-{row['ticket']}-{''.join(reversed(row['date'].split('/')))}"
        for row in clean.csv_rows("pos_tickets", ";", "cp1252")
        if row["type"] == "VENTE"
    }
    assert set(orders.loc[orders["source_system"] == "pos", "order_key"]) == tickets
    assert orders["order_key"].is_unique
    assert len(orders) == clean.summary.orders


def test_every_channel_gets_the_orders_its_touches_bore(clean: Any) -> None:
    orders, touches = clean.frame("orders.parquet"), clean.frame("touches.parquet")
    shares = clean.frame("channel_counterfactual.csv").set_index("touch_channel")
    born = orders[orders["born_of"] == "touch"]
    assert shares["orders_caused"].sum() == len(orders)
    for channel, count in born.groupby("touch_channel").size().items():
        assert shares.loc[channel, "orders_caused"] == count
    assert shares.loc[["direct", "store_visit"], "orders_caused"].sum() == 0
    assert abs(shares["share_of_touch_born"].sum() - 1) < 1e-4
    merged = born.merge(touches, on="touch_id", suffixes=("", "_touch"))
    assert len(merged) == len(born)
    assert (merged["touch_channel"] == merged["touch_channel_touch"]).all()
    assert (merged["person_id"] == merged["person_id_touch"]).all()
    assert (merged["touched_at"] < merged["ordered_at"]).all()


def test_every_record_of_the_sources_is_somebody(clean: Any) -> None:
    records = clean.frame("source_records.csv")
    keys = records.groupby("source_system")["source_person_key"].agg(lambda column: set(column.astype(str)))
    assert {row["Record ID"] for row in clean.csv_rows("crm_contacts", encoding="utf-8-sig")} == keys["crm"]
    assert {row["card_number"] for row in clean.csv_rows("loyalty_members")} == keys["loyalty"]
    assert {f"email:{row['email'].lower()}" for row in clean.csv_rows("survey_responses")} == keys["survey"]
    requesters, users, recipients = set(), set(), set()
    for path in clean.files("support_tickets"):
        requesters |= {
            str(json.loads(line)["requester"]["id"]) for line in path.read_text(encoding="utf-8").splitlines()
        }
    for path in clean.files("web_events"):
        users |= {json.loads(line)["user_id"] for line in gzip.decompress(path.read_bytes()).decode().splitlines()}
    for path in clean.files("message_events"):
        for line in path.read_text(encoding="utf-8").splitlines():
            event = json.loads(line)
            recipients.add(("email:" if event["channel"] == "email" else "phone:") + event["recipient"].lower())
    assert requesters == keys["support"]
    users |= {row["Customer ID"] for row in clean.csv_rows("shop_customers")}
    for path in clean.files("bot_conversations"):
        users |= {json.loads(line)["web_account"] for line in path.read_text(encoding="utf-8").splitlines()}
    callers = {row["caller"] for row in clean.csv_rows("phone_calls")}
    assert {f"phone:{caller}" for caller in callers - {""}} == keys["calls"]
    assert users - {None} == keys["web"]
    assert recipients == keys["messaging"]
    assert not records.duplicated(["source_system", "source_person_key"]).any()


def test_shop_records_are_keyed_by_account_then_address_then_phone(clean: Any) -> None:
    def key(row: dict[str, str]) -> str | None:
        notes = dict(line.split(": ", 1) for line in row["Note Attributes"].splitlines())
        if "customer_account" in notes:
            return notes["customer_account"]
        if row["Email"].strip():
            return "email:" + row["Email"].strip().lower()
        return "phone:" + row["Phone"] if row["Phone"] else None

    found = {key(row) for row in clean.csv_rows("shop_orders") if row["Total"]}
    found |= {key(row) for row in clean.csv_rows("shop_checkouts") if row["Total"]}
    records = clean.frame("source_records.csv")
    assert found - {None} == set(records.loc[records["source_system"] == "shop", "source_person_key"])


def test_a_web_account_is_its_owners_and_says_how_the_export_spells_the_name(clean: Any) -> None:
    records = clean.frame("source_records.csv").query("source_system == 'web'").set_index("source_person_key")
    people = clean.frame("people.parquet").dropna(subset="web_account").set_index("web_account")
    assert (records["person_id"] == people.loc[records.index, "person_id"]).all()
    last = {row["Customer ID"]: row for row in clean.csv_rows("shop_customers")}
    assert {"exact", "no_accents", "nickname", "typo", "capitals", "second_email", "shared_device"} <= set(
        records["kind"]
    )
    for account, kind in records["kind"].items():
        if account not in last or not last[account]["First Name"]:
            assert kind in ("exact", "shared_device", "second_email")
            continue
        written, owner = (last[account]["First Name"], last[account]["Last Name"]), people.loc[account]
        is_own = written == (owner["first_name"], owner["last_name"])
        if kind == "exact":
            assert is_own
        elif kind == "nickname":
            assert written[0] != owner["first_name"]
        elif kind == "maiden_name":
            assert written[1] != owner["last_name"]
        elif kind == "second_email":
            assert last[account]["Email"] == owner["second_email"]


def test_a_shared_mailbox_has_no_person_and_everybody_else_is_a_person_of_truth(dirty: Any) -> None:
    records, people = dirty.frame("source_records.csv"), dirty.frame("people.parquet")
    shared = records["kind"] == "shared_mailbox"
    assert shared.any()
    assert records.loc[shared, "person_id"].isna().all()
    assert records.loc[~shared, "person_id"].isin(people["person_id"]).all()
    mailboxes = set(people.loc[people["shares_mailbox"], "email"])
    assert set(records.loc[shared, "source_person_key"].str.removeprefix("email:")) <= mailboxes
    assert {
        "nickname",
        "no_accents",
        "typo",
        "capitals",
        "maiden_name",
        "second_email",
        "second_contact",
        "shared_device",
    } <= set(records["kind"])


def test_two_people_of_one_tablet_are_seen_under_one_device(dirty: Any) -> None:
    users: dict[str, set[str]] = {}
    for path in dirty.files("web_events"):
        try:
            text = gzip.decompress(path.read_bytes()).decode()
        except EOFError:  # the planted truncated file
            continue
        for line in text.splitlines():
            try:
                event = json.loads(line)
            except json.JSONDecodeError:  # a planted invalid line
                continue
            if event["user_id"]:
                users.setdefault(event["user_pseudo_id"], set()).add(event["user_id"])
    shared = [accounts for accounts in users.values() if len(accounts) > 1]
    assert shared
    people = dirty.frame("people.parquet").set_index("web_account")
    for accounts in shared:
        assert people.loc[sorted(accounts), "shares_tablet"].all()


def test_every_session_of_the_web_extract_is_somebodys_or_a_strangers(clean: Any) -> None:
    seen: dict[tuple[str, str], set[str]] = {}
    for path in clean.files("web_events"):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            event = json.loads(line)
            number = next(each["value"] for each in event["event_params"] if each["key"] == "ga_session_id")
            users = seen.setdefault((event["user_pseudo_id"], str(number["int_value"])), set())
            users |= {event["user_id"]} - {None}
    sessions = clean.frame("sessions.parquet").set_index(["device_id", "device_session"])
    assert set(seen) == set(sessions.index)
    owners = clean.frame("people.parquet").dropna(subset="web_account").set_index("web_account")["person_id"]
    for key, session in sessions.iterrows():
        assert {owners[user] for user in seen[key]} == ({session["person_id"]} if session["is_logged_in"] else set())
    shared = sessions[sessions["is_shared_device"]]
    shares = clean.frame("people.parquet").set_index("person_id")["shares_tablet"]
    assert shares[shared["person_id"]].all()
    assert sessions["person_id"].isna().any()
    assert (sessions["person_id"].notna() & ~sessions["is_logged_in"] & sessions["has_cookie_consent"]).any()


def test_the_effects_of_dissatisfaction_are_recorded_with_the_dropout_they_caused(dirty: Any) -> None:
    effects, processes = dirty.frame("satisfaction_effects.csv"), dirty.frame("processes.parquet")
    caused = effects[effects["caused_dropout"]]
    gone = processes[processes["dropout_cause"] == "dissatisfaction"]
    assert set(caused["person_id"]) == set(gone["person_id"])
    assert (caused["added_dropout_hazard"] > 0).all()
    orders = dirty.frame("orders.parquet").merge(gone[["person_id", "dropout_at"]], on="person_id")
    assert (orders["ordered_at"] < orders["dropout_at"]).all()


def test_loyalty_points_of_the_last_snapshot_follow_from_the_events(clean: Any) -> None:
    events = pd.DataFrame(clean.csv_rows("loyalty_events"))
    known = set(clean.frame("orders.parquet")["order_key"])
    earned = events[events["event_type"] == "earn"]
    assert set(earned["order_reference"]) <= known
    assert (earned["points"].astype(int) >= 0).all()
    cards = {row["card_number"] for row in clean.csv_rows("loyalty_members")}
    assert set(events["card_number"]) - cards == set()


@pytest.fixture(scope="module")
def eighteen_months(tmp_path_factory: pytest.TempPathFactory, run: Any) -> Any:
    return run(tmp_path_factory.mktemp("eighteen"), customers=600, months=18, dirt=False)


def test_a_reward_not_redeemed_expires_after_a_year(eighteen_months: Any) -> None:
    events = pd.DataFrame(eighteen_months.csv_rows("loyalty_events"))
    events["occurred_at"] = pd.to_datetime(events["occurred_at"])
    events["points"] = events["points"].astype(int)
    expired, rewards = (events[events["event_type"] == kind] for kind in ("expire", "reward"))
    assert len(expired)
    assert (expired["points"] == -200).all()
    both = expired.merge(rewards, on="card_number")
    waited = (both["occurred_at_x"] - both["occurred_at_y"]).dt.total_seconds() / 86_400
    # Local times, and a reward stands a minute after its purchase: within an hour of 365 days.
    assert both[(waited - 365).abs() < 0.05]["event_id_x"].nunique() == len(expired)
    assert events["event_id"].is_unique
    # Of each card, every reward is redeemed, expired, or younger than a year.
    spent = events[events["event_type"].isin(["expire", "redeem"])].groupby("card_number").size()
    given = rewards.groupby("card_number").size()
    assert (spent <= given.reindex(spent.index)).all()


def test_some_invitations_are_answered_again_a_day_or_two_later(eighteen_months: Any) -> None:
    answers: dict[str, dict[str, dict[str, str]]] = {}
    for row in eighteen_months.csv_rows("survey_responses"):
        if row["response_id"]:
            answers.setdefault(row["invitation_id"], {})[row["response_id"]] = row
    twice = [list(found.values()) for found in answers.values() if len(found) > 1]

    assert twice
    assert len(twice) < 0.06 * len(answers)
    for first, second in twice:
        waited = dt.datetime.fromisoformat(second["responded_at"]) - dt.datetime.fromisoformat(first["responded_at"])
        # An hour more or less where the clocks change between them.
        assert dt.timedelta(hours=23) <= waited <= dt.timedelta(hours=49)
        assert first["verbatim"] == second["verbatim"]


def test_messages_stop_after_unsubscribing_and_clicks_follow_deliveries(clean: Any) -> None:
    left: dict[str, str] = {}
    delivered: set[str] = set()
    clicks = 0
    events = []
    for path in clean.files("message_events"):
        events += [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    events.sort(key=lambda event: event["occurred_at"])
    for event in events:
        if event["event"] == "delivered":
            delivered.add(event["message_id"])
        if event["event"] == "click":
            clicks += 1
            assert event["message_id"] in delivered
        if event["event"] == "unsubscribed":
            left[event["contact_id"] or event["recipient"]] = event["occurred_at"]
    assert clicks
    assert left
    withdrawn = 0
    for path in clean.files("consents"):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            withdrawn += record["purpose"] == "email" and record["status"] == "withdrawn"
    assert withdrawn >= 0.5 * len(left)


def test_anonymous_people_leave_no_record(dirty: Any) -> None:
    people, records = dirty.frame("people.parquet"), dirty.frame("source_records.csv")
    anonymous = set(people.loc[people["is_anonymous"], "person_id"])
    assert not anonymous & set(records["person_id"].dropna())
    orders = dirty.frame("orders.parquet")
    assert orders["person_id"].isin(anonymous).any()


def test_csv_truth_has_the_documented_columns(dirty: Any) -> None:
    text = (dirty.truth / "dirt.csv").read_text(encoding="utf-8")
    assert next(csv.reader(io.StringIO(text))) == ["extract", "file", "line", "kind", "outcome"]
    assert list(dirty.frame("source_records.csv").columns) == [
        "source_system",
        "source_person_key",
        "person_id",
        "kind",
    ]
