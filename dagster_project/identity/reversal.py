"""Undoing what happened to an id: the decisions that bring a logged event to nought at the next run.

Nothing is taken out of the ledger. A merge is undone by setting apart every record of the one customer from every
record of the other, a split by linking them, so that no key or likeness between any two of them does it again.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa

from dagster_project.identity.decisions import HOLDS, Record, pair, weigh
from dagster_project.identity.ledger import CREATED, MERGED_INTO, Ledger, LedgerError, decide


@dataclass(frozen=True)
class Reversal:
    """`event`: the row of history that is undone. `decisions` (DECISIONS_SCHEMA): `action` for each record of `ours`
    (of the event's customer_id) with each of `theirs` (of its other_customer_id)."""

    event: dict[str, Any]
    action: str
    ours: list[Record]
    theirs: list[Record]
    decisions: pa.Table


def revert(ledger: Ledger, event_id: str, decided_on: dt.date, reason: str) -> Reversal:
    """What undoes the event with this id, among the records that are still delivered.

    Raises LedgerError when there is no such event, when it is a birth, when its records are gone, and when it is undone
    already, by data or by decisions of the ledger that hold.
    """
    event = next((row for row in ledger.history().to_pylist() if row["event_id"] == event_id), None)
    if event is None:
        raise LedgerError(f"there is no event '{event_id}'; `omnivue identity history` lists them")
    if event["event"] == CREATED:
        raise LedgerError(f"event {event_id} is the birth of {event['customer_id']}: there is nothing to undo")
    action = "unlink" if event["event"] == MERGED_INTO else "link"
    ours, theirs = _sides(ledger, event)
    now = ledger.members()
    holder = dict(zip(_records(now), now["customer_id"], strict=True))
    ours, theirs = ([record for record in side if record in holder] for side in (ours, theirs))
    for side, customer in ((ours, event["customer_id"]), (theirs, event["other_customer_id"])):
        if not side:
            raise LedgerError(
                f"event {event_id} cannot be undone: none of the records that {customer} had then is delivered any more"
            )
    _check_not_undone(ledger, event, action, ours, theirs, holder)
    return Reversal(event, action, ours, theirs, decide(action, ours, theirs, decided_on, reason))


def _sides(ledger: Ledger, event: dict[str, Any]) -> tuple[list[Record], list[Record]]:
    """The records of the event's customer and of the other one: as they were before a merge, after a split."""
    run = int(event["event_id"].partition("-")[0])
    before, after = ledger.members(before_run=run), ledger.members(before_run=run + 1)
    one, other = event["customer_id"], event["other_customer_id"]
    if event["event"] != MERGED_INTO:
        return _of(after, one), _of(after, other)
    ours = _of(before, one)
    # The customer of an elder record that was delivered late had no records before.
    theirs = _of(before, other) or sorted(set(_of(after, other)) - set(ours))
    return ours, theirs


def _check_not_undone(
    ledger: Ledger,
    event: dict[str, Any],
    action: str,
    ours: list[Record],
    theirs: list[Record],
    holder: dict[Record, str],
) -> None:
    one, other = ({holder[record] for record in side} for side in (ours, theirs))
    undone = one.isdisjoint(other) if action == "unlink" else len(one | other) == 1
    if undone:
        raise LedgerError(
            f"event {event['event_id']} is already undone: its records belong to {', '.join(sorted(one | other))} now"
        )
    state = weigh(ledger.decisions).state
    decided = {
        frozenset(pair(row)): row["decided_on"]
        for row, held in zip(ledger.decisions.to_pylist(), state, strict=True)
        if held == HOLDS and row["action"] == action
    }
    days = [decided.get(frozenset((mine, yours))) for mine in ours for yours in theirs]
    if all(days):
        raise LedgerError(
            f"event {event['event_id']} is already reverted, on {max(filter(None, days))}; the next `omnivue run` obeys"
        )


def _of(members: pd.DataFrame, customer: str) -> list[Record]:
    return _records(members[members["customer_id"] == customer])


def _records(members: pd.DataFrame) -> list[Record]:
    return list(zip(members["source_system"], members["source_person_key"], strict=True))
