"""What a person reads of the verbs that only show what is there."""

from __future__ import annotations

import contextlib
import csv
import dataclasses
import datetime as dt
import io
import os
from pathlib import Path

import pytest

from dagster_project.cli import main
from dagster_project.publishing import run_lock
from dagster_project.settings import Home
from data_quality.results import ExpectationResult, GateResult, SuiteResult, write_results


def _omnivue(*words: str) -> tuple[int, str]:
    """The exit code, and what stands on the screen."""
    screen = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with contextlib.redirect_stdout(screen), contextlib.redirect_stderr(screen):
        try:
            main(words)
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
    return code, screen.buffer.getvalue().decode()


def _check(table: str, expectation: str, severity: str, *rows: str) -> ExpectationResult:
    return ExpectationResult(
        f"marts.{table}",
        "marts",
        f"marts.{table}",
        None,
        expectation,
        "expect_no_rows",
        severity,
        not rows,
        f"{len(rows)} of 9 rows" if rows else None,
        len(rows),
        "It matters.",
        failing_rows=rows,
    )


def _landed() -> ExpectationResult:
    return dataclasses.replace(_check("x", "it is fresh", "warning"), stage="landing", suite="landing.x")


@pytest.fixture
def judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMNIVUE_HOME", str(tmp_path))
    found = {
        "fct_orders": (
            _check("fct_orders", "lines add up", "critical", '{"order_id": "o1"}', '{"order_id": "\x1b[31mo2"}'),
            _check("fct_orders", "order_id identifies a row", "critical"),
        ),
        "kpi_nps": (_check("kpi_nps", "answers are many", "warning", '{"store": "=1+1"}'),),
    }
    suites = (SuiteResult(f"marts.{table}", "marts", f"marts.{table}", checks, 0.1) for table, checks in found.items())
    write_results(Home(tmp_path).create().quality, GateResult("marts", tuple(suites), 0.2))
    return tmp_path


def test_checks_show_what_does_not_hold_with_its_rows(judged: Path) -> None:
    code, said = _omnivue("checks", "--rows", "2")
    assert code == 0
    assert said.splitlines()[:5] == [
        "failed   marts.fct_orders: expected that lines add up (2 of 9 rows). It matters.",
        '         {"order_id": "o1"}',
        # Nothing of the data reaches the terminal as a command.
        r'         {"order_id": "\x1b[31mo2"}',
        "warning  marts.kpi_nps: expected that answers are many (1 of 9 rows). It matters.",
        '         {"store": "=1+1"}',
    ]
    assert said.splitlines()[5].startswith("marts    1 of 3 hold, judged 20")


def test_a_stage_that_the_last_run_did_not_reach_is_told(judged: Path) -> None:
    quality = Home(judged).quality
    write_results(
        quality, GateResult("landing", (SuiteResult("landing.x", "landing", "raw.x", (_landed(),), 0.1),), 0.1)
    )
    os.utime(quality / "marts_results.parquet", (0, 0))
    *_, landing, marts = _omnivue("checks")[1].splitlines()
    assert landing.startswith("landing  1 of 1 hold")
    assert landing.endswith(" UTC")
    assert marts == "marts    1 of 3 hold, judged 1970-01-01 00:00 UTC by an earlier run"


def test_checks_of_one_table_all_of_them_as_csv(judged: Path) -> None:
    code, said = _omnivue("checks", "--table", "fct_orders", "--all", "--csv")
    rows = list(csv.DictReader(io.StringIO(said)))
    assert code == 0
    assert [(row["table_name"], row["expectation"], row["success"]) for row in rows] == [
        ("marts.fct_orders", "lines add up", "false"),
        ("marts.fct_orders", "order_id identifies a row", "true"),
    ]


def test_a_table_without_checks_is_told_with_those_that_look_like_it(judged: Path) -> None:
    assert _omnivue("checks", "--table", "fct_order") == (
        1,
        "omnivue: no check is about 'fct_order'; fct_orders?\n",
    )


def test_before_the_first_run_there_is_nothing_to_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIVUE_HOME", str(tmp_path))
    assert _omnivue("checks") == (1, "omnivue: nothing was judged yet: `omnivue run`\n")
    assert _omnivue("quarantine", "list") == (0, "Nothing was read yet: `omnivue run`\n")


def test_nothing_is_cleaned_under_a_run_at_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMNIVUE_HOME", str(tmp_path))
    place = Home(tmp_path).create()
    (place.lake / "kept").touch()
    with run_lock(place, started_at=dt.datetime.now(dt.UTC)):
        code, said = _omnivue("clean")
    assert (code, (place.lake / "kept").exists()) == (6, True)
    assert said.startswith("omnivue: another run is at work in ")
    assert _omnivue("clean")[0] == 0
    assert not place.lake.exists()
