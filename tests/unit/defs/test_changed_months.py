"""Which months a night builds again: those whose deliveries are not what the last finished first pass saw."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from dagster_project.defs import pipeline as pipelines
from dagster_project.defs.built_months import MonthsToBuild
from dagster_project.defs.dbt_project import PassResult
from dagster_project.defs.pipeline import Pipeline
from dagster_project.defs.run_plan import RunPlan
from dagster_project.settings import Home, shipped_settings
from dagster_project.warehouse import RawTable

DAY = dt.date(2026, 10, 31)


class Night:
    """A pipeline whose lake is a dictionary and whose dbt only notes what it was asked to build."""

    def __init__(self, root: Path, patch: pytest.MonkeyPatch) -> None:
        self.home = Home(root).create()
        self.lake: dict[str, dict[str, str]] = {"web_events": {"2026-09": "a", "2026-10": "a"}}
        self.code = "code"
        self.asked: Mapping[str, Sequence[str]] | None = None
        self.settled: Mapping[str, Mapping[str, str | None]] = {}
        self.dies = False
        patch.setattr("dagster_project.ingestion.raw_tables", lambda *_: self._tables())
        patch.setattr(pipelines, "code_version", lambda: self.code)
        patch.setattr(Pipeline, "plan", lambda _: RunPlan(DAY, DAY, "code", "new", None))

    def _tables(self) -> list[RawTable]:
        return [RawTable(name, Path(), "layout", months) for name, months in self.lake.items()]

    def build(self, _pass: str, _plan: RunPlan, months: MonthsToBuild, **_: Any) -> PassResult:
        self.asked, self.settled = months.changed, months.settled
        if self.dies:
            raise OSError("killed")
        return PassResult((), 0, ())

    def run(self, *, rebuild: bool = False, dies: bool = False) -> dict[str, list[str]] | None:
        """The months the first pass was asked to build, without extracts of which none was; None for all."""
        self.dies = dies
        pipeline = Pipeline(self.home, shipped_settings(), rebuild)
        pipeline.__dict__["_dbt"] = self
        if dies:
            with pytest.raises(OSError, match="killed"):
                pipeline.build("first_pass")
        else:
            pipeline.build("first_pass")
        return None if self.asked is None else {name: list(months) for name, months in self.asked.items() if months}


@pytest.fixture
def night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Night:
    return Night(tmp_path, monkeypatch)


def test_the_first_run_builds_all_and_the_next_only_what_changed(night: Night) -> None:
    assert night.run() is None
    assert night.run() == {}
    night.lake["web_events"] |= {"2026-10": "b", "2026-11": "a"}
    night.lake["pos_tickets"] = {"2026-11": "a"}
    assert night.run() == {"web_events": ["2026-10-01", "2026-11-01"], "pos_tickets": ["2026-11-01"]}
    del night.lake["web_events"]["2026-09"]
    assert night.run() == {"web_events": ["2026-09-01"]}


def test_other_code_a_rebuild_and_an_empty_memory_build_all(night: Night) -> None:
    night.run()
    night.code = "other"
    assert night.run() is None
    assert night.run() == {}
    assert night.run(rebuild=True) is None


def test_an_extract_without_deliveries_is_told_apart_from_one_nobody_knows(night: Night) -> None:
    """A model of an extract that never delivered has nothing to build; one the run does not name is built whole."""
    night.run()
    night.run()
    assert night.asked is not None
    assert night.asked["social_post_insights"] == []


def test_what_a_run_that_was_cut_off_may_have_written_is_built_again_even_when_the_lake_is_as_before(
    night: Night,
) -> None:
    night.run()
    night.lake["web_events"]["2026-10"] = "b"
    assert night.run(dies=True) == {"web_events": ["2026-10-01"]}
    night.lake["web_events"]["2026-10"] = "a"
    assert night.run() == {"web_events": ["2026-10-01"]}
    assert night.run() == {}
    night.code = "other"
    assert night.run(dies=True) is None
    night.code = "code"
    assert night.run() is None


def _settled(night: Night) -> tuple[str | None, str | None]:
    """Of web_events: the first month that is not settled, and since when what was settled lacks months."""
    told = night.settled["web_events"]
    return told["before"], told["since"]


def test_all_but_the_two_newest_months_are_settled_and_added_as_they_become_old(night: Night) -> None:
    night.run()
    assert _settled(night) == (None, None)
    night.lake["web_events"] |= {"2026-11": "a"}
    night.run()
    assert _settled(night) == ("2026-10-01", None)  # September is the first
    night.lake["web_events"] |= {"2026-10": "b", "2026-11": "b"}
    night.run()
    assert _settled(night) == ("2026-10-01", "2026-10-01")
    night.lake["web_events"] |= {"2026-12": "a", "2027-01": "a"}
    night.run()
    assert _settled(night) == ("2026-12-01", "2026-10-01")  # October and November
    night.run()
    assert _settled(night) == ("2026-12-01", "2026-12-01")


def test_what_is_settled_is_written_anew_when_an_older_month_changes_comes_or_goes(night: Night) -> None:
    night.lake["web_events"] = {f"2026-0{month}": "a" for month in (3, 4, 6, 7, 8)}
    night.run()
    for change in ({"2026-04": "late"}, {"2026-05": "late"}, {"2026-02": "late", "2026-09": "a"}):
        night.lake["web_events"] |= change
        night.run()
        before = _settled(night)[0]
        assert _settled(night) == (before, None)
        night.run()
        assert _settled(night) == (before, before)
    del night.lake["web_events"]["2026-02"]
    night.run()
    assert _settled(night) == ("2026-08-01", None)
    night.run(rebuild=True)
    assert _settled(night) == ("2026-08-01", None)


def test_settled_versions_that_a_cut_off_run_may_have_written_are_written_again(night: Night) -> None:
    """September is settled for the run that dies; then November, and with it what was settled, is gone again."""
    night.lake = {"web_events": {"2026-08": "a", "2026-09": "a", "2026-10": "a"}, "pos_tickets": {"2026-10": "a"}}
    night.run()
    night.lake["web_events"] |= {"2026-11": "a"}
    assert night.run(dies=True) == {"web_events": ["2026-11-01"]}
    assert _settled(night) == ("2026-10-01", "2026-09-01")
    del night.lake["web_events"]["2026-11"]
    night.run()
    assert _settled(night) == ("2026-09-01", None)
    night.run()
    assert _settled(night) == ("2026-09-01", "2026-09-01")
