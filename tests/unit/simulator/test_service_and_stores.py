"""Calls, bot, footfall, stock, pick-ups, relaunches, comments: each tells the same story as the rest of the world."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest


def _frame(simulated: Any, extract: str, delimiter: str = ",") -> pd.DataFrame:
    return pd.DataFrame(simulated.csv_rows(extract, delimiter))


def _tickets(simulated: Any) -> dict[int, dict[str, Any]]:
    lines = [line for path in simulated.files("support_tickets") for line in path.read_text("utf-8").splitlines()]
    return {ticket["id"]: ticket for ticket in map(json.loads, lines)}


def _conversations(simulated: Any) -> pd.DataFrame:
    lines = [line for path in simulated.files("bot_conversations") for line in path.read_text("utf-8").splitlines()]
    return pd.DataFrame(map(json.loads, lines))


def test_between_a_sixth_and_a_third_of_a_stores_visitors_buy(dirty: Any) -> None:
    counted = _frame(dirty, "store_footfall", ";").drop_duplicates(["magasin", "date", "heure"])
    counted["entrees"] = pd.to_numeric(counted["entrees"], errors="coerce")
    entries = counted.groupby("magasin")["entrees"].sum()
    orders = dirty.frame("orders.parquet").query("source_system == 'pos'")
    sold = orders.groupby(orders["order_key"].str.split("-").str[0]).size()
    conversion = (sold / entries).dropna()
    planned = dirty.frame("store_conversion.csv").set_index("store_code")["conversion"]
    assert len(conversion) == len(planned) == 12
    assert conversion.between(0.12, 0.40).all()
    assert abs(sold.sum() / entries.sum() - (sold.sum() / (sold / planned).sum())) < 0.03


def test_visitors_come_on_the_days_the_tills_ring_and_no_one_stays_overnight(clean: Any) -> None:
    counted = _frame(clean, "store_footfall", ";")
    counted = counted[counted["etat"] == "OK"].astype({"entrees": int, "sorties": int})
    days = counted.groupby(["magasin", "date"])[["entrees", "sorties"]].sum()
    assert (days["entrees"] == days["sorties"]).all()
    orders = clean.frame("orders.parquet").query("source_system == 'pos'")
    key = orders["order_key"].str.split("-", expand=True)
    day = key[3].str[6:8] + "/" + key[3].str[4:6] + "/" + key[3].str[:4]
    tickets = (
        pd.Series(1, index=pd.MultiIndex.from_arrays([key[0], day], names=["magasin", "date"]))
        .groupby(level=[0, 1])
        .sum()
    )
    both = days.join(tickets.rename("tickets")).fillna({"tickets": 0})
    assert (both["entrees"] >= both["tickets"]).all()
    assert np.corrcoef(both["entrees"], both["tickets"])[0, 1] > 0.5


def test_every_phone_ticket_is_a_call_answered_and_who_hung_up_had_waited_longer(clean: Any) -> None:
    calls = _frame(clean, "phone_calls")
    by_phone = {number for number, ticket in _tickets(clean).items() if ticket["via"]["channel"] == "phone"}
    told = calls.loc[calls["ticket_id"] != "", "ticket_id"].astype(int)
    assert told.is_unique
    assert set(told) == by_phone
    answered = calls["outcome"] == "answered"
    assert (answered == (calls["answered_at"] != "")).all()
    assert (answered == (calls["talk_seconds"] != "")).all()
    assert 0.03 < 1 - answered.mean() < 0.2
    offered, ended = pd.to_datetime(calls["offered_at"]), pd.to_datetime(calls["ended_at"])
    spent = calls["wait_seconds"].astype(int) + pd.to_numeric(calls["talk_seconds"]).fillna(0)
    assert ((ended - offered).dt.total_seconds() == spent).mean() > 0.99  # but for the night the clock changes
    waits = calls["wait_seconds"].astype(int)
    assert waits[~answered].mean() > waits[answered].mean()


def test_a_conversation_handed_over_is_a_chat_and_the_bot_settles_less_than_it_says(dirty: Any) -> None:
    said = _conversations_of_dirty(dirty)
    chats = {number for number, ticket in _tickets(dirty).items() if ticket["via"]["channel"] == "chat"}
    handed = said[said["outcome"] == "handed_over"]
    assert set(handed["ticket_id"].dropna().astype(int)) <= chats
    assert said.loc[said["outcome"] != "handed_over", "ticket_id"].isna().all()
    truth = dirty.frame("bot_conversations.csv")
    contained = truth["outcome"] == "contained"
    assert not truth.loc[~contained, "is_settled"].any()
    assert 0.5 < truth.loc[contained, "is_settled"].mean() < 1


def _conversations_of_dirty(dirty: Any) -> pd.DataFrame:
    rows = []
    for path in dirty.files("bot_conversations"):
        for line in path.read_text("utf-8").splitlines():
            try:
                rows.append(json.loads(line))
            except json.JSONDecodeError:
                continue
    return pd.DataFrame(rows).query("outcome in ('contained', 'handed_over', 'left')")


def test_nothing_out_of_stock_is_sold_and_the_months_ends_agree(clean: Any, sheet: Any) -> None:
    spells = _frame(clean, "stock_outs").groupby(["store_code", "sku", "out_since"])["back_on"].max().reset_index()
    spells["since"] = pd.to_datetime(spells["out_since"])
    spells["back"] = pd.to_datetime(spells["back_on"].replace("", None)).fillna(pd.Timestamp("2026-06-01"))
    assert (spells["since"] < spells["back"]).all()
    days = (spells["back"] - spells["since"]).dt.days.sum()
    window = (dt.date(2026, 5, 31) - dt.date(2026, 2, 1)).days + 1
    assert 0.02 < days / (12 * 120 * window) < 0.08

    out = {
        (spell.store_code, spell.sku, day.date().isoformat())
        for spell in spells.itertuples()
        for day in pd.date_range(spell.since, spell.back, inclusive="left")
    }
    ends, empty = set(), set()
    for row in sheet(clean, "store_stock"):
        ends.add(str(row["stock_on"])[:10])
        if int(row["quantity"]) == 0:
            empty.add((row["store_code"], row["sku"], str(row["stock_on"])[:10]))
    assert {cell for cell in out if cell[2] in ends} == empty
    sku_of = {str(row["ean"]): row["sku"] for row in sheet(clean, "products")}
    sold = {
        (row["magasin"], sku_of[row["ean"]], "-".join(reversed(row["date"].split("/"))))
        for row in clean.csv_rows("pos_tickets", ";", "cp1252")
        if row["type"] == "VENTE"
    }
    assert {cell for cell in out & sold if cell[2] not in ends} == set()


def test_a_collected_order_is_prepared_fetched_after_and_put_back_only_if_given_back(clean: Any) -> None:
    rows = _frame(clean, "store_pickups")
    last = rows.drop_duplicates("pickup_id", keep="last").set_index("order_reference")
    collected = {
        row["Name"]: row for row in clean.csv_rows("shop_orders") if "Click & Collect" in row["Shipping Method"]
    }
    assert set(last.index) <= set(collected)
    ended = last[last["status"] != "ready"]
    assert len(ended) > 10
    assert ((ended["picked_up_at"] != "") != (ended["put_back_at"] != "")).all()
    assert (ended["prepared_at"] < ended["picked_up_at"] + ended["put_back_at"]).all()
    orders = clean.frame("orders.parquet").set_index("order_key")
    back = orders.loc[last.index[last["status"] == "put_back"]]
    assert (back["refund_ttc_cents"] == back["total_ttc_cents"]).all()


def test_the_planted_lift_of_relaunches_is_what_the_arms_show(tmp_path: Any, run: Any) -> None:
    """Recovery of the relaunched over that of the held out: 2 as planted, within four standard errors; and both arms
    alike in what was before."""
    world = run(tmp_path, customers=9000, months=12, dirt=False)
    truth = world.frame("relaunches.csv")
    sent = _frame(world, "cart_relaunches")
    assert ((sent["variant"] == "relance") == (sent["sent_at"] != "")).all()
    assert (sent["variant"].eq("relance").to_numpy() == truth["is_relaunched"].to_numpy()).all()
    recovered = truth["order_key"].notna()
    treated = truth["is_relaunched"]
    assert not (truth["is_caused"] & ~(treated & recovered)).any()
    first, second = recovered[treated].mean(), recovered[~treated].mean()
    error = np.sqrt(first * (1 - first) / treated.sum() + second * (1 - second) / (~treated).sum())
    assert abs((first - second) - truth["planted_lift"].mean()) < 4 * error
    assert abs(truth.loc[treated, "is_caused"].mean() - truth["planted_lift"].mean()) < 4 * error
    rates = world.frame("processes.parquet").set_index("person_id")["baseline_rate_per_day"]
    before = truth["person_id"].map(rates)
    spread = before.std() * np.sqrt(1 / treated.sum() + 1 / (~treated).sum())
    assert abs(before[treated].mean() - before[~treated].mean()) < 4 * spread


def test_a_checkout_is_taken_in_a_day_after_it_was_left(clean: Any) -> None:
    left = {
        row["Id"]: dt.datetime.strptime(row["Created at"], "%Y-%m-%d %H:%M:%S %z")
        for row in clean.csv_rows("shop_checkouts")
    }
    rows = clean.csv_rows("cart_relaunches")
    assert rows
    for row in rows:
        assert dt.datetime.fromisoformat(row["enrolled_at"]) - left[row["checkout_id"]] == dt.timedelta(days=1)


@pytest.mark.parametrize(("extract", "text", "key"), [
    ("social_comments", "text", "comment_id"),
    ("survey_responses", "verbatim", "invitation_id"),
])  # fmt: skip
def test_every_text_has_its_language_topic_and_sentiment(clean: Any, extract: str, text: str, key: str) -> None:
    labels = clean.frame("verbatims.csv").query("extract == @extract").set_index("reference")
    rows = _frame(clean, extract)
    rows = rows[rows[text] != ""]
    assert set(rows[key]) <= set(labels.index)
    assert (labels.loc[rows[key], "language"].to_numpy() == rows["language"].to_numpy()).all()
    # The same words are never two things.
    meant = labels.loc[rows[key], ["language", "topic", "sentiment"]].agg("|".join, axis=1)
    assert meant.groupby(rows[text].to_numpy()).nunique().max() == 1
    assert set(labels["sentiment"]) == {"positive", "neutral", "negative"}


def test_followers_are_counted_every_day(clean: Any) -> None:
    rows = _frame(clean, "social_followers")
    per_platform = rows.groupby("platform")["counted_on"].agg(["nunique", "size", "min", "max"])
    assert (per_platform["nunique"] == per_platform["size"]).all()
    assert set(per_platform["min"]) == {"2026-02-01"}
    assert set(per_platform["max"]) == {"2026-05-31"}
    jumps = rows.assign(followers=rows["followers"].astype(int)).groupby("platform")["followers"].pct_change()
    assert jumps.abs().max() < 0.01
