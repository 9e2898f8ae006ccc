"""Stewards' decisions on their way into a run: where the file lies, what the plan makes of it, what is told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from dagster_project.defs.pipeline import Pipeline, decision_warnings
from dagster_project.identity import add_decisions, decide
from dagster_project.settings import Home, SettingsError, load_settings

LINE = "{day};{action};crm;1;crm;2;because\n"
HEADER = "decided_on;action;source_system_a;source_person_key_a;source_system_b;source_person_key_b;reason\n"


@pytest.fixture
def place(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home").create()
    (tmp_path / "own").mkdir()
    home.settings_file.write_text("identity: {decisions: ../own/decisions.csv}\n", encoding="utf-8")
    return home


def pipeline(place: Home) -> Pipeline:
    return Pipeline(place, load_settings(place.settings_file))


def write(place: Home, *lines: str) -> Path:
    path = place.root.parent / "own" / "decisions.csv"
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return path


def test_a_new_run_is_needed_when_the_file_or_the_ledger_holds_another_decision(place: Home) -> None:
    digests = []
    for change in (
        lambda: write(place),
        lambda: write(place, LINE.format(day="2026-01-03", action="link")),
        lambda: write(place, LINE.format(day="2026-01-03", action="unlink")),
        lambda: add_decisions(
            place.ledger, decide("link", [("crm", "1")], [("crm", "2")], dt.date(2026, 1, 4), "again")
        ),
    ):
        change()
        digests.append(pipeline(place).plan().input_digest)
    assert len(set(digests)) == 4
    write(place, LINE.format(day="03/01/2026", action="unlink").replace("because", "for other reasons"))
    assert pipeline(place).plan().input_digest == digests[-1]


def test_what_the_command_reverts_holds_over_a_line_of_the_same_day(place: Home) -> None:
    write(place, LINE.format(day="2026-01-03", action="link"))
    add_decisions(place.ledger, decide("unlink", [("crm", "1")], [("crm", "2")], dt.date(2026, 1, 3), ""))
    found = pipeline(place).decisions
    assert found.table["action"].to_pylist() == ["link", "unlink"]
    assert list(found.places) == ["decisions.csv line 2", "decisions.parquet"]


def test_a_file_that_is_named_but_missing_or_wrong_is_a_settings_error(place: Home) -> None:
    with pytest.raises(
        SettingsError, match=r"identity\.decisions: .*decisions\.csv: No such file.* Put the file there"
    ):
        _ = pipeline(place).decisions
    write(place, LINE.format(day="2026-01-03", action="glue"))
    with pytest.raises(SettingsError, match=r"identity\.decisions: .*decisions\.csv: line 2: column 'action' holds"):
        pipeline(place).plan()


def test_none_is_the_default(tmp_path: Path) -> None:
    assert pipeline(Home(tmp_path)).decisions.table.num_rows == 0


def test_warnings_name_the_count_and_where_to_look() -> None:
    (told,) = decision_warnings({"customers": 3, "decisions_ignored": 2, "decisions_contradicted": 0})
    assert told.startswith("2 of the stewards' decisions name a record that was not delivered")
    assert "`omnivue identity decisions`" in told
