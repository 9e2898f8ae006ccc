"""`omnivue identity review, decisions, history, revert` as a steward types them, over a home of three records."""

from __future__ import annotations

import csv
import datetime as dt
import fcntl
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dagster_project.identity import IdentityResult, Ledger, MatchModel, append_to_ledger, load_ledger
from dagster_project.identity.ids import customer_id
from dagster_project.identity.review import review_queue
from dagster_project.publishing.directory import TABLES as DIRECTORY
from dagster_project.publishing.directory import write_directory
from dagster_project.settings import Home, load_settings
from dagster_project.warehouse import open_warehouse

Record = Callable[..., dict[str, Any]]
Run = Callable[..., IdentityResult]
Omnivue = Callable[..., subprocess.CompletedProcess[str]]

ANNE = {"first_name": "Anne", "last_name": "Martin", "postal_code": "31000", "city": "Toulouse"}
ELDER, YOUNGER = (customer_id("a key for tests", "crm", key) for key in "12")


@pytest.fixture
def place(tmp_path: Path, record: Record, run: Run, as_table: Callable[[list[dict[str, Any]]], pa.Table]) -> Home:
    """crm 2 was merged into crm 1 in the second run (event 2-1); support 7 may be theirs."""
    home = Home(tmp_path / "home").create()
    rows = [record("crm:1", 1, email="a@orange.fr", **ANNE), record("crm:2", 2), record("support:7", 3, **ANNE)]
    model = MatchModel.load()
    append_to_ledger(home.ledger, run(rows, model=model).new_ledger_rows)
    rows[1] |= {"emails": ["a@orange.fr"]}
    result = run(rows, load_ledger(home.ledger), model=model)
    append_to_ledger(home.ledger, result.new_ledger_rows)
    memory, table = result.memory, as_table(rows)
    keyed = model.thresholds.keyed
    queue = review_queue(
        memory.scored_pairs, result.links, table, Ledger.empty().decisions, review_from=0.5, joins_from=keyed
    )
    warehouse = open_warehouse(home, load_settings())
    customers = result.links.group_by("customer_id").aggregate([])
    said = pa.table({name: pa.array([], pa.string()) for name in DIRECTORY["customer_values"].columns})
    golden = {"int_customer_golden": customers, "int_customer_golden_values": said}
    warehouse.write_all("intermediate", {"int_customer_records": table} | golden)
    warehouse.write_all(
        "identity",
        {
            "customer_links": result.links,
            "customer_history": result.history,
            "link_evidence": result.evidence,
            "normalised_keys": memory.normalised_keys,
            "review_queue": queue,
        },
    )
    write_directory(warehouse, home)
    return home


def test_a_merge_is_found_in_the_history_and_reverted_once(place: Home, omnivue: Omnivue) -> None:
    told = omnivue("identity", "history", home=place.root).stdout
    assert told == (
        f"2026-01-31: {YOUNGER} was merged into {ELDER} (the records were found to be one customer's) [event 2-1]\n"
    )
    assert omnivue("identity", "history", "--customer", ELDER, home=place.root).stdout.count("[event ") == 2
    assert omnivue("identity", "history", "--event", "created", "--limit", "1", home=place.root).stdout.count("[") == 1
    told = omnivue("identity", "revert", "2-1", "--reason", "twins", home=place.root).stdout
    assert f"sets the 1 record of {YOUNGER} apart from the 1 record of {ELDER}: {YOUNGER} is back" in told
    (decision,) = load_ledger(place.ledger).decisions.to_pylist()
    assert {decision["source_person_key_a"], decision["source_person_key_b"]} == {"1", "2"}
    assert (decision["action"], decision["reason"]) == ("unlink", "twins")
    assert "already reverted" in omnivue("identity", "revert", "2-1", home=place.root, expect=1).stderr
    assert "decisions: 1 in force" in omnivue("identity", "decisions", home=place.root).stdout


def test_wrong_words_are_answered_with_what_to_say(place: Home, omnivue: Omnivue) -> None:
    assert "no event '9-9'" in omnivue("identity", "revert", "9-9", home=place.root, expect=1).stderr
    assert "choose created, merged" in omnivue("identity", "history", "--event", "x", home=place.root, expect=2).stderr
    assert "of customer 'x'" in omnivue("identity", "history", "--customer", "x", home=place.root, expect=1).stderr
    with place.lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert "another run is at work" in omnivue("identity", "revert", "2-1", home=place.root, expect=6).stderr
    assert load_ledger(place.ledger).decisions.num_rows == 0


def test_the_queue_is_told_written_filled_in_and_obeyed(place: Home, omnivue: Omnivue) -> None:
    told = omnivue("identity", "review", home=place.root).stdout
    assert f"{ELDER} (2 records, 0.00 EUR)  crm 1: Anne Martin, a@orange.fr, 31000 Toulouse" in told
    assert "less than the 0.9 that joins" in told
    path = place.root / "decisions.csv"
    assert "1 of 1 pairs" in omnivue("identity", "review", "--csv", str(path), home=place.root).stdout
    assert "is there already" in omnivue("identity", "review", "--csv", str(path), home=place.root, expect=1).stderr
    place.settings_file.write_text("identity: {decisions: decisions.csv}\n", encoding="utf-8")
    told = omnivue("identity", "decisions", home=place.root).stdout
    assert told.startswith("decisions: 0 in force")
    assert "1 still without an action" in told
    with path.open(encoding="utf-8-sig", newline="") as source:
        header, asked = csv.reader(source, delimiter=";")
    # As Excel saves it: formulas are gone, dates are French.
    asked = [dt.date.today().strftime("%d/%m/%Y"), "link", "crm", "1", "support", "7", asked[-1]]  # noqa: DTZ011
    later = [asked[0], "link", "crm", "1", "crm", "404", ""]
    with path.open("w", encoding="cp1252", newline="") as sink:
        csv.writer(sink, delimiter=";").writerows([header, asked, later])
    assert omnivue("identity", "review", home=place.root).stdout == "Nothing to review.\n"
    told = omnivue("identity", "decisions", home=place.root).stdout
    assert told.startswith("decisions: 1 in force, 1 waiting for a record")
    assert "decisions.csv line 3" in told
    assert "no customer has crm 404 yet" in told


def test_a_wrong_line_stops_a_run_before_it_begins(place: Home, omnivue: Omnivue) -> None:
    (place.root / "decisions.csv").write_text(
        "decided_on;action;source_system_a;source_person_key_a;source_system_b;source_person_key_b\n"
        "2026-01-05;glue;crm;1;crm;2\n",
        encoding="utf-8",
    )
    place.settings_file.write_text("identity: {decisions: decisions.csv}\n", encoding="utf-8")
    told = omnivue("run", home=place.root, expect=1).stderr
    assert "decisions.csv: line 2: column 'action' holds 'glue'" in told
    assert not (place.dagster / "storage").exists()
