"""Merges, splits and their reversal, by hand; and the ledger's files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.identity import (
    IdentityResult,
    Ledger,
    LedgerError,
    add_decisions,
    append_to_ledger,
    decide,
    load_ledger,
)
from dagster_project.identity.ids import customer_id

Record = Callable[..., dict[str, Any]]
Run = Callable[..., IdentityResult]
Remembered = Callable[..., Ledger]
CustomerOf = Callable[[IdentityResult, str], str | None]


def id_of(system: str, key: str) -> str:
    return customer_id("a key for tests", system, key)


def events(result: IdentityResult) -> list[tuple[str, str, str | None, int]]:
    """(customer, event, other, day) of every logged event."""
    return [
        (row["customer_id"], row["event"], row["other_customer_id"], row["at"].day)
        for row in result.history.to_pylist()
    ]


def test_the_first_run_creates_each_customer_on_its_eldest_records_delivery(record: Record, run: Run) -> None:
    result = run([record("crm:1", 3, email="a@orange.fr"), record("shop:acc-1", 5, email="a@orange.fr")])
    assert events(result) == [(id_of("crm", "1"), "created", None, 3)]


def test_a_merge_keeps_the_elder_id_and_is_logged_on_the_day_it_became_known(
    record: Record, run: Run, remembered: Remembered, customer_of: CustomerOf
) -> None:
    elder = record("crm:1", 1, email="anne@orange.fr")
    younger = record("support:9", 4, phone="0612345678")
    ledger = remembered(None, run([elder, younger], as_of=dt.date(2026, 1, 5)))
    bridge = record("shop:acc-1", 8, email="anne@orange.fr", phone="0612345678")
    merged = run([elder, younger, bridge], ledger, as_of=dt.date(2026, 1, 8))
    assert customer_of(merged, "support:9") == id_of("crm", "1")
    assert events(merged)[-1] == (id_of("support", "9"), "merged_into", id_of("crm", "1"), 8)
    assert run([elder, younger, bridge], remembered(ledger, merged)).new_ledger_rows.num_rows == 0


def test_a_split_gives_each_part_its_own_eldest_and_a_former_merge_comes_back_reverted(
    record: Record, run: Run, remembered: Remembered, customer_of: CustomerOf
) -> None:
    anne = record("crm:1", 1, email="a.martin@orange.fr")
    paul = record("crm:2", 2, email="a.martin@orange.fr")
    ledger = remembered(None, run([anne, paul]))
    named = [anne | {"first_name": "Anne"}, paul | {"first_name": "Paul"}]
    split = run(named, ledger, as_of=dt.date(2026, 2, 7))
    assert customer_of(split, "crm:1") == id_of("crm", "1")
    assert customer_of(split, "crm:2") == id_of("crm", "2")
    assert events(split)[1:] == [
        (id_of("crm", "2"), "created", None, 2),
        (id_of("crm", "2"), "split_from", id_of("crm", "1"), 7),
    ]
    ledger = remembered(ledger, split)
    ledger = remembered(ledger, merged := run([anne, paul], ledger, as_of=dt.date(2026, 2, 8)))
    assert events(merged)[-1] == (id_of("crm", "2"), "merged_into", id_of("crm", "1"), 8)
    back = run(named, ledger, as_of=dt.date(2026, 2, 9))
    assert events(back)[-1] == (id_of("crm", "2"), "reverted", id_of("crm", "1"), 9)


def test_a_late_elder_record_renames_only_through_a_logged_merge(
    record: Record, run: Run, remembered: Remembered, customer_of: CustomerOf
) -> None:
    known = record("crm:1", 10, email="anne@orange.fr")
    ledger = remembered(None, run([known]))
    late = record("loyalty:9250000000017", 2, email="anne@orange.fr")
    result = run([known, late], ledger)
    assert customer_of(result, "crm:1") == id_of("loyalty", "9250000000017")
    assert events(result)[1:] == [
        (id_of("loyalty", "9250000000017"), "created", None, 2),
        (id_of("crm", "1"), "merged_into", id_of("loyalty", "9250000000017"), 31),
    ]
    assert result.links.equals(run([known, late]).links)


def test_a_steward_may_part_what_a_card_joins_and_join_what_nothing_does(
    record: Record, run: Run, remembered: Remembered, customer_of: CustomerOf
) -> None:
    rows = [
        record("loyalty:9250000000017", 1, card="9250000000017"),
        record("shop:acc-1", 2, card="9250000000017", first_name="Anne"),
        record("support:5", 3, first_name="Paul"),
    ]
    day = dt.date(2026, 1, 20)
    part = decide("unlink", [("loyalty", "9250000000017")], [("shop", "acc-1")], day, "card lent")
    parted = run(rows, Ledger(Ledger.empty().rows, part))
    assert customer_of(parted, "shop:acc-1") == id_of("shop", "acc-1")
    join = decide("link", [("support", "5")], [("shop", "acc-1")], day, "said so on the phone")
    joined = run(rows, Ledger(Ledger.empty().rows, join))
    assert customer_of(joined, "support:5") == id_of("loyalty", "9250000000017")
    methods = {row["source_person_key"]: row["match_method"] for row in joined.links.to_pylist()}
    assert methods["5"] == "steward"


def test_history_tells_what_a_steward_joined_from_what_the_records_say(
    record: Record, run: Run, remembered: Remembered
) -> None:
    """Anne and her mailbox are joined by a card delivered late, the two of Paul by a decision of that day."""
    rows = [
        record("crm:1", 1, first_name="Anne", email="anne@orange.fr"),
        record("shop:1", 2, first_name="Anne", card="9250000000017"),
        record("crm:2", 3, first_name="Paul"),
        record("support:2", 4, first_name="Paul"),
    ]
    join = decide("link", [("support", "2")], [("crm", "2")], dt.date(2026, 1, 20), "said so on the phone")
    late = record("loyalty:9250000000017", 5, card="9250000000017", email="anne@orange.fr")
    merged = run([*rows, late], remembered(None, run(rows), join)).history.to_pylist()
    assert {
        (event["customer_id"], event["other_customer_id"], event["reason"])
        for event in merged
        if event["event"] == "merged_into"
    } == {
        (id_of("shop", "1"), id_of("crm", "1"), "the records were found to be one customer's"),
        (id_of("support", "2"), id_of("crm", "2"), "a steward joined the records"),
    }


def test_the_latest_decision_on_a_pair_holds_and_one_on_an_absent_record_is_counted(record: Record, run: Run) -> None:
    import pyarrow as pa

    rows = [record("crm:1", 1), record("crm:2", 2)]
    pair = [("crm", "1")], [("crm", "2")]
    decisions = pa.concat_tables(
        [
            decide("unlink", *pair, dt.date(2026, 1, 9), "mistake"),
            decide("link", *pair, dt.date(2026, 1, 3), "same person"),
            decide("link", [("crm", "1")], [("crm", "404")], dt.date(2026, 1, 3), "gone"),
        ]
    )
    result = run(rows, Ledger(Ledger.empty().rows, decisions))
    assert (result.report.customers, result.report.decisions_ignored) == (2, 1)


def test_an_event_keeps_its_id_whatever_comes_later(record: Record, run: Run, remembered: Remembered) -> None:
    rows = [record("crm:1", 1), record("crm:2", 2), record("crm:3", 3)]
    first = run(rows[:2])
    assert first.history["event_id"].to_pylist() == ["1-1", "1-2"]
    second = run(rows, remembered(None, first))
    assert second.history["event_id"].to_pylist() == ["1-1", "1-2", "2-1"]
    assert second.history.slice(0, 2).equals(first.history)


def test_reasons_and_history_hold_no_key_of_a_person(record: Record, run: Run, remembered: Remembered) -> None:
    rows = [record("crm:1", 1, email="anne@orange.fr"), record("survey:email:anne@orange.fr", 2)]
    ledger = remembered(None, run(rows[1:]))
    assert "anne" not in str(run(rows, ledger).history.to_pylist())


def test_the_ledgers_files_are_appended_to_and_read_back(tmp_path: Path, record: Record, run: Run) -> None:
    assert load_ledger(tmp_path).rows.num_rows == 0
    first = run([record("crm:1", 1)])
    path = append_to_ledger(tmp_path, first.new_ledger_rows)
    assert path is not None
    before = path.read_bytes()
    second = run([record("crm:1", 1), record("crm:2", 2)], load_ledger(tmp_path))
    append_to_ledger(tmp_path, second.new_ledger_rows)
    assert append_to_ledger(tmp_path, second.new_ledger_rows.slice(0, 0)) is None
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run-000001.parquet", "run-000002.parquet"]
    assert load_ledger(tmp_path).history().equals(second.history)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_run_is_never_written_over_and_a_damaged_file_is_named(tmp_path: Path, record: Record, run: Run) -> None:
    rows = run([record("crm:1", 1)]).new_ledger_rows
    append_to_ledger(tmp_path, rows)
    with pytest.raises(LedgerError, match="already in the ledger"):
        append_to_ledger(tmp_path, rows)
    (tmp_path / "run-000001.parquet").write_bytes(b"not parquet")
    with pytest.raises(LedgerError, match=r"run-000001\.parquet: not a ledger file"):
        load_ledger(tmp_path)


def test_decisions_are_kept_beside_the_runs(tmp_path: Path) -> None:
    for number in range(2):
        pair = [("crm", str(number))], [("crm", "9")]
        add_decisions(tmp_path, decide("link", *pair, dt.date(2026, 1, 1), "same person"))
    assert load_ledger(tmp_path).decisions.num_rows == 2
