"""Ingestion into a bucket holds what ingestion into a folder does, byte by byte, whatever happens on the way."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dagster_project.ingestion import pipeline
from dagster_project.settings import LakeOptions
from dagster_project.warehouse import LakeError
from dagster_project.warehouse.lake_store import LakeBucket

HEAD = "id,amount\n"
# Two deliveries, a correction, and one without usable rows.
FIRST = [("2026-01-06", "t_20260105.csv", HEAD + "1,1\n2,2\n"), ("2026-01-07", "t_20260106.csv", HEAD + "3,3\n")]
SECOND = [
    ("2026-01-08", "t_20260106.csv", HEAD + "3,30\n4,x\n"),
    ("2026-01-08", "t_20260107.csv", HEAD + "5,5\n"),
    ("2026-01-09", "t_20260105.csv", HEAD),
]


class Killed(BaseException):
    pass


@pytest.fixture
def shop(make_world: Callable[[str], Any], column_of: Any) -> Callable[..., Any]:
    """A world with one contract, its lake at `uri`."""

    def make(name: str, uri: str | None = None, endpoint: str | None = None) -> Any:
        world = make_world(name)
        options = LakeOptions(endpoint=endpoint, region=None, path_style=True)
        lake = world.settings.lake.model_copy(update={"uri": uri, "options": options})
        world.settings = world.settings.model_copy(update={"lake": lake})
        world.contract("t", [column_of("id", "BIGINT", key=1), column_of("amount", "DECIMAL(12,2)")])
        return world

    return make


def deliver(world: Any, deliveries: list[tuple[str, str, str]]) -> None:
    for delivery in deliveries:
        world.deliver("t", *delivery)


def held(s3, bucket: str) -> dict[str, bytes]:
    """The bucket's files as `World.lake_files` gives a folder's."""
    return {key.removeprefix("x/raw/"): content for key, content in s3.objects(bucket, "x/raw/").items()}


def told(world: Any) -> tuple[Any, ...]:
    return world.deliveries("file", "outcome", "is_current", "rows_loaded"), world.quarantine("file", "line", "reason")


def test_a_bucket_holds_the_bytes_a_folder_would(shop: Callable[..., Any], s3, bucket: str) -> None:
    folder, remote = shop("folder"), shop("remote", f"s3://{bucket}/x", s3.endpoint)
    for pieces in (FIRST, SECOND):
        for world in (folder, remote):
            deliver(world, pieces)
            world.ingest()
        assert held(s3, bucket) == folder.lake_files()
        assert told(remote) == told(folder)
    assert len(held(s3, bucket)) == 3  # the schema, 6 January corrected, 7 January
    assert remote.ingest().total("files_new") == 0
    # Nothing but the ledger and what was set aside is left at home.
    assert [path.name for path in remote.home.lake.rglob("*.parquet")] == ["t.parquet"]


@pytest.mark.parametrize("upload", [1, 2, 3])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_killed_at_an_upload_is_repaired_by_the_next(
    shop: Callable[..., Any], s3, bucket: str, monkeypatch: pytest.MonkeyPatch, upload: int, moment: str
) -> None:
    """Upload 1 of the second night is the schema, the others are deliveries."""
    folder, remote = shop("folder"), shop("remote", f"s3://{bucket}/x", s3.endpoint)
    for world in (folder, remote):
        deliver(world, FIRST)
        world.ingest()
        deliver(world, SECOND)
    folder.ingest()
    original, calls = LakeBucket._upload, itertools.count(1)

    def dying(self: LakeBucket, item: tuple[str, Path]) -> None:
        dies = next(calls) == upload
        if dies and moment == "before":
            raise Killed
        original(self, item)
        if dies:
            raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(LakeBucket, "_upload", dying)
        with pytest.raises(Killed):
            remote.ingest()
    remote.ingest()
    assert held(s3, bucket) == folder.lake_files()
    assert told(remote) == told(folder)


def test_a_run_killed_between_upload_and_ledger_is_repaired_by_the_next(
    shop: Callable[..., Any], s3, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, remote = shop("folder"), shop("remote", f"s3://{bucket}/x", s3.endpoint)
    for world in (folder, remote):
        deliver(world, FIRST)

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "write_ledger", die)
        with pytest.raises(Killed):
            remote.ingest()
    assert len(held(s3, bucket)) == 3
    assert remote.deliveries() == []
    folder.ingest()
    assert remote.ingest().total("files_new") == 2
    assert held(s3, bucket) == folder.lake_files()
    assert told(remote) == told(folder)


def test_an_upload_that_fails_is_not_remembered_as_loaded(
    shop: Callable[..., Any], s3, bucket: str, tmp_path: Path
) -> None:
    world = shop("remote", f"s3://{bucket}-gone/x", s3.endpoint)
    deliver(world, FIRST)
    with pytest.raises(LakeError, match=f"s3://{bucket}-gone/x"):
        world.ingest()
    assert world.deliveries() == []


def test_a_changed_contract_conforms_what_has_left_landing(
    shop: Callable[..., Any], column_of: Any, s3, bucket: str
) -> None:
    folder, remote = shop("folder"), shop("remote", f"s3://{bucket}/x", s3.endpoint)
    for world in (folder, remote):
        deliver(world, FIRST)
        world.ingest()
        for file in world.home.landing.rglob("*.csv"):
            file.unlink()
        world.contract("t", [column_of("id", key=1), column_of("amount", "DECIMAL(12,2)"), column_of("note")])
        world.ingest()
    assert folder.rows("t", "id, note") == [("1", None), ("2", None), ("3", None)]
    assert held(s3, bucket) == folder.lake_files()


def test_a_run_killed_after_taking_archived_rows_away_is_repaired_by_the_next(
    shop: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their correction has no usable row: the lake lacks what the ledger still names, and nothing is lost."""
    world = shop("home")
    deliver(world, FIRST)
    world.ingest()
    (world.home.landing / "t" / FIRST[0][0] / FIRST[0][1]).unlink()
    deliver(world, [SECOND[2]])

    def die(*_: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "write_ledger", die)
        with pytest.raises(Killed):
            world.ingest()
    world.ingest()
    assert world.rows("t", "id") == [(3,)]


def test_a_lake_that_moved_is_filled_from_landing(shop: Callable[..., Any], s3, bucket: str) -> None:
    world = shop("home")
    deliver(world, FIRST)
    world.ingest()
    moved = shop("home", f"s3://{bucket}/x", s3.endpoint)
    assert moved.ingest().total("files_new") == 2
    assert held(s3, bucket) == world.lake_files()


def test_a_lake_that_moved_without_its_archived_rows_is_refused(shop: Callable[..., Any], tmp_path: Path) -> None:
    """They would be missing from every mart without a word."""
    world = shop("home")
    deliver(world, FIRST)
    world.ingest()
    (world.home.landing / "t" / FIRST[0][0] / FIRST[0][1]).unlink()
    moved = shop("home", str(tmp_path / "elsewhere"))
    with pytest.raises(LakeError, match=r"elsewhere lacks the rows of 1 loaded files .* t/2026-01-06/t_20260105.csv"):
        moved.ingest()
    shutil.copytree(world.home.lake / "raw", tmp_path / "elsewhere" / "raw", dirs_exist_ok=True)
    assert moved.ingest().total("files_new") == 0
