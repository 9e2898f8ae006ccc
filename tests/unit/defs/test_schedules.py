"""The sensor starts the night once for what arrived, and never by the clock of the file system."""

from __future__ import annotations

import os
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.defs.schedules import landing_listing, new_extracts, nightly_schedule


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OMNIVUE_HOME", str(tmp_path))
    folder = tmp_path / "landing" / "stores" / "2026-10-31"
    folder.mkdir(parents=True)
    return folder


def _look(cursor: str | None) -> dg.SensorResult:
    result = new_extracts(dg.build_sensor_context(cursor=cursor))
    assert isinstance(result, dg.SensorResult)
    return result


def test_sensor_asks_for_one_run_when_arrived_files_stand_still(landing: Path) -> None:
    (landing / "stores.xlsx").write_bytes(b"one")
    first = _look(None)
    assert not first.run_requests
    second = _look(first.cursor)
    assert len(second.run_requests or []) == 1
    third = _look(second.cursor)
    assert not third.run_requests
    (landing / "more.xlsx").write_bytes(b"two")
    fourth = _look(third.cursor)
    assert not fourth.run_requests
    assert len(_look(fourth.cursor).run_requests or []) == 1


def test_sensor_stays_quiet_before_the_first_file(landing: Path) -> None:
    assert not _look(_look(None).cursor).run_requests


def test_listing_reads_names_and_sizes_but_no_modification_time(landing: Path) -> None:
    file = landing / "stores.xlsx"
    file.write_bytes(b"one")
    before = landing_listing(landing.parent.parent)
    os.utime(file, (0, 0))
    (landing / ".stores.xlsx.part").write_bytes(b"still arriving")
    assert landing_listing(landing.parent.parent) == before
    file.write_bytes(b"longer")
    assert landing_listing(landing.parent.parent) != before


def test_schedule_is_two_in_the_morning_in_paris_and_off() -> None:
    assert nightly_schedule.cron_schedule == "0 2 * * *"
    assert nightly_schedule.execution_timezone == "Europe/Paris"
    assert nightly_schedule.default_status == dg.DefaultScheduleStatus.STOPPED
    assert new_extracts.default_status == dg.DefaultSensorStatus.STOPPED
