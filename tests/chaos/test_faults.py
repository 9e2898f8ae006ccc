"""Short versions of the chaos tests' parts on faults of the machine; `make chaos` runs them at full length.

They share a home: what it was after its first night, and what it became, undisturbed, by its second.
"""

from __future__ import annotations

import random
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagster_project.settings import Home
from tests.chaos import disk, kills, permissions, readers, two_runs
from tests.chaos.homes import SMALL, Place, arrivals, check_whole, contents, deliver, simulate

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Nights:
    """A home whose second night has arrived and not run, one where it has, and the seconds of each stage there."""

    before: Place
    after: Place
    seconds: dict[str, float]

    def copy(self, folder: Path) -> Place:
        """The home before its second night, to do harm to."""
        shutil.copytree(self.before.folder, folder, symlinks=True, dirs_exist_ok=True)
        return Place(folder)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Nights:
    scratch = tmp_path_factory.mktemp("nights")
    landing = simulate(scratch / "retailer", *SMALL, 0)
    days = arrivals(landing)
    before = Place(scratch / "before").create()
    before.settings(kills.SETTINGS)
    deliver(landing, days[: len(days) // 2], before)
    before.omnivue("run")
    deliver(landing, days[len(days) // 2 :], before)
    after = Place(scratch / "after")
    shutil.copytree(before.folder, after.folder, symlinks=True)
    run = kills.Running(after, ["run"], {}, ())
    # While it is at work, another is turned away.
    while run.process.poll() is None and not run.has_begun("ingestion"):
        time.sleep(0.01)
    two_runs.second_run(after)
    assert run.finish() == 0, run.output
    check_whole(after.home)
    return Nights(before, after, kills.stage_seconds(run.output))


def test_killed_runs_harm_nothing_and_one_left_alone_ends_as_if_there_were_none(nights: Nights, tmp_path: Path) -> None:
    """In ingestion, in the midst of the models, and around the switch."""
    deck = ["ingestion", "dbt second pass", kills.SWITCH]
    game = kills.Play(nights.copy(tmp_path), nights.after, tmp_path, random.Random(0), None, False, deck=deck)
    game.disturb(len(deck), dict(nights.seconds))
    assert game.kills == sum(game.hits.values()) == 3


def test_a_full_disk_is_named_and_harms_nothing(nights: Nights, tmp_path: Path) -> None:
    try:
        with disk.small_disk(tmp_path / "small") as small:
            ours = nights.copy(small)
            (said,) = disk.disturb(ours, nights.after, ["dbt first pass"], list(nights.seconds))
            assert "is full" in said
            assert contents(ours.home) == contents(nights.after.home)
    except disk.CannotMount as error:
        pytest.skip(f"no file system can be mounted: {error}")


def test_a_warehouse_out_of_reach_is_named_and_nothing_is_harmed(nights: Nights, tmp_path: Path) -> None:
    ours = nights.copy(tmp_path)
    path, before = ours.home / "warehouse" / "warehouse.duckdb", check_whole(ours.home)
    assert f"{path} cannot be used by user " in permissions.run_without(ours, path, before)
    assert check_whole(ours.home) == before


def test_readers_meet_no_error_while_releases_come_and_go(nights: Nights, tmp_path: Path) -> None:
    ours = nights.copy(tmp_path / "ours")
    said = readers.play_over(Home(ours.home), tmp_path, 3, 1)
    assert all(reader["queries"] > 10 for reader in said)
