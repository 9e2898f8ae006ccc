"""Undoing merges and splits by the id of their event, over three runs of identify()."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest

from dagster_project.identity import IdentityResult, Ledger, LedgerError, revert
from dagster_project.identity.ids import customer_id

Record = Callable[..., dict[str, Any]]
Run = Callable[..., IdentityResult]
Remembered = Callable[..., Ledger]
CustomerOf = Callable[[IdentityResult, str], str | None]
Grouped = Callable[[IdentityResult], set[frozenset[str]]]

DAY = dt.date(2026, 2, 6)


def id_of(system: str, key: str) -> str:
    return customer_id("a key for tests", system, key)


def undo(ledger: Ledger, event_id: str, day: dt.date = DAY) -> Ledger:
    decisions = revert(ledger, event_id, day, "seen at the counter").decisions
    return Ledger(ledger.rows, pa.concat_tables([ledger.decisions, decisions]))


@pytest.fixture
def household(record: Record) -> list[dict[str, Any]]:
    """Two customers of two records each, whom a phone joins once it is on them."""
    ours = [record("crm:1", 1, email="a@orange.fr"), record("survey:email:a@orange.fr", 2)]
    theirs = [record("crm:2", 3, email="b@orange.fr"), record("survey:email:b@orange.fr", 4)]
    return ours + theirs


@pytest.fixture
def merging(household: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        household[0] | {"phones": ["0612345678"]},
        household[1],
        *(row | {"phones": ["0612345678"]} for row in household[2:]),
    ]


@pytest.fixture
def merged(household: list[dict[str, Any]], merging: list[dict[str, Any]], run: Run, remembered: Remembered) -> Ledger:
    """The ledger after the night that joined them: event 2-1."""
    ledger = remembered(None, run(household))
    return remembered(ledger, run(merging, ledger, as_of=dt.date(2026, 2, 5)))


def test_a_reverted_merge_gives_both_ids_their_records_back_and_is_remembered(
    merging: list[dict[str, Any]], merged: Ledger, run: Run, remembered: Remembered, customer_of: CustomerOf
) -> None:
    done = revert(merged, "2-1", DAY, "two people of one household")
    assert (done.action, len(done.ours), len(done.theirs), done.decisions.num_rows) == ("unlink", 2, 2, 4)
    ledger = undo(merged, "2-1")
    back = run(merging, ledger, as_of=DAY)
    assert customer_of(back, "crm:1") == customer_of(back, "survey:email:a@orange.fr") == id_of("crm", "1")
    assert customer_of(back, "crm:2") == customer_of(back, "survey:email:b@orange.fr") == id_of("crm", "2")
    assert back.history.to_pylist()[-1] == {
        "event_id": "3-1",
        "customer_id": id_of("crm", "2"),
        "event": "reverted",
        "other_customer_id": id_of("crm", "1"),
        "at": DAY,
        "reason": "a steward set the records apart",
    }
    again = run(merging, remembered(ledger, back, ledger.decisions))
    assert (again.new_ledger_rows.num_rows, again.report.decisions_contradicted) == (0, 0)


def test_a_reversal_is_reverted_like_any_split(
    merging: list[dict[str, Any]], merged: Ledger, run: Run, remembered: Remembered, customer_of: CustomerOf
) -> None:
    ledger = undo(merged, "2-1")
    ledger = remembered(ledger, run(merging, ledger, as_of=DAY), ledger.decisions)
    ledger = undo(ledger, "3-1")  # on the same day: the later decision holds
    joined = run(merging, ledger, as_of=dt.date(2026, 2, 7))
    assert joined.report.customers == 1
    assert customer_of(joined, "crm:2") == id_of("crm", "1")
    last = joined.history.to_pylist()[-1]
    assert (last["event_id"], last["event"], last["customer_id"]) == ("4-1", "merged_into", id_of("crm", "2"))
    assert joined.report.decisions_contradicted == 0


def test_a_split_by_data_is_joined_again(record: Record, run: Run, remembered: Remembered, grouped: Grouped) -> None:
    anne, paul = (record(f"crm:{day}", day, email="a.martin@orange.fr") for day in (1, 2))
    ledger = remembered(None, run([anne, paul]))
    named = [anne | {"first_name": "Anne"}, paul | {"first_name": "Paul"}]
    ledger = remembered(ledger, split := run(named, ledger))
    assert split.history["event"].to_pylist()[-1] == "split_from"
    back = run(named, undo(ledger, split.history["event_id"].to_pylist()[-1]))
    assert grouped(back) == {frozenset({"crm:1", "crm:2"})}


def test_an_elder_record_delivered_late_is_set_apart_again(
    record: Record, run: Run, remembered: Remembered, customer_of: CustomerOf
) -> None:
    """Its customer had no records before the merge, so they are those it brought."""
    known = record("crm:1", 10, email="anne@orange.fr")
    ledger = remembered(None, run([known]))
    rows = [known, record("loyalty:9250000000017", 2, email="anne@orange.fr")]
    ledger = remembered(ledger, run(rows, ledger))
    assert ledger.history()["event"].to_pylist()[-1] == "merged_into"
    back = run(rows, undo(ledger, "2-2"))
    assert customer_of(back, "crm:1") == id_of("crm", "1")
    assert customer_of(back, "loyalty:9250000000017") == id_of("loyalty", "9250000000017")
    assert back.history["event"].to_pylist()[-1] == "reverted"


def test_what_cannot_be_undone_says_why(
    household: list[dict[str, Any]], merging: list[dict[str, Any]], merged: Ledger, run: Run, remembered: Remembered
) -> None:
    with pytest.raises(LedgerError, match="there is no event '7-1'; `omnivue identity history` lists them"):
        undo(merged, "7-1")
    with pytest.raises(LedgerError, match="1-1 is the birth of c_"):
        undo(merged, "1-1")
    decided = undo(merged, "2-1")
    with pytest.raises(LedgerError, match="2-1 is already reverted, on 2026-02-06"):
        undo(decided, "2-1")
    parted = remembered(decided, run(merging, decided), decided.decisions)
    with pytest.raises(LedgerError, match="2-1 is already undone: its records belong to c_"):
        undo(parted, "2-1")
    gone = remembered(merged, run(merging[:2], merged))
    with pytest.raises(LedgerError, match="2-1 cannot be undone: none of the records that c_"):
        undo(gone, "2-1")


def test_forty_records_are_set_apart_from_forty(record: Record, run: Run, remembered: Remembered) -> None:
    sides = [[record(f"crm:{side}{n}", 1 + n % 28, email=f"{side}@orange.fr") for n in range(40)] for side in "ab"]
    ledger = remembered(None, run(sides[0] + sides[1]))
    card = {"loyalty_cards": ["9250000000017"]}
    rows = [row | card for row in sides[0] + sides[1]]
    ledger = remembered(ledger, merged := run(rows, ledger, max_cluster_records=100))
    assert merged.report.customers == 1
    ledger = undo(ledger, "2-1")
    assert ledger.decisions.num_rows == 1600
    back = run(rows, ledger, max_cluster_records=100)
    assert (back.report.customers, back.report.largest_cluster, back.report.reverted) == (2, 40, 1)
