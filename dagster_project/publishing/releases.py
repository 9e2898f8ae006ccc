"""Releases: the schema `marts` copied out of the warehouse, whole, numbered, checksummed and read-only.

    published/releases/000007-2026-11-01/{omnivue.duckdb, <table>.parquet ..., release.json}
    published/current -> releases/000007-2026-11-01

A release is built in `releases/.building-<id>`, audited there as it will be served, flushed to disk, renamed, and only
then does `current` move, in one atomic step. A crash anywhere leaves the last good release in place; what it leaves
behind, the next run removes. Readers keep the files they have open, also when retention removes them.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project.publishing.audit import Expected, audit, expected
from dagster_project.publishing.locks import file_lock
from dagster_project.publishing.manifest import (
    DATABASE,
    MANIFEST,
    Release,
    ReleaseError,
    ReleaseFile,
    ReleaseTable,
    RunInfo,
    read_release,
)
from dagster_project.settings import Home, Settings
from dagster_project.warehouse.duckdb_session import session
from dagster_project.warehouse.warehouse import Warehouse, quoted
from dagster_project.warehouse.warehouse import literal as _text

SCHEMA = "marts"
_BUILDING, _DELETING, _SWITCHING = ".building-", ".deleting-", ".current-"
_ID = re.compile(r"(\d{6,})-\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Description:
    """What a table says of itself in the published file: its comment and those of its columns, by name; and the
    columns of each key that no two of its rows share."""

    text: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    keys: tuple[tuple[str, ...], ...] = ()


def publish(
    warehouse: Warehouse,
    home: Home,
    settings: Settings,
    *,
    built_at: dt.datetime,
    run: RunInfo,
    release_id: str | None = None,
    descriptions: Mapping[str, Description] | None = None,
) -> Release:
    """Publish the warehouse's marts, with their `descriptions` by name, and make the release current.

    `release_id` is one got from `next_release_id` (to be written into the marts beforehand); by default it is asked
    for here. The warehouse is opened read-only and must be closed elsewhere; the caller holds the run lock. Raises
    ReleaseError when there is nothing to publish, WarehouseError or WarehouseBusy when the warehouse cannot be
    opened.
    """
    releases = _releases_folder(home)
    releases.mkdir(parents=True, exist_ok=True)
    remove_leftovers(home)
    identity = release_id or next_release_id(home, run.as_of)
    target = releases / identity
    if not _ID.fullmatch(identity) or target.exists():
        raise ReleaseError(f"release id '{identity}' is malformed or taken; ask next_release_id for another")
    building = releases / f"{_BUILDING}{identity}"
    building.mkdir()
    try:
        release = _build(warehouse, building, identity, settings, built_at, run, descriptions or {})
        (building / MANIFEST).write_text(release.to_json(), encoding="utf-8")
        _make_lasting(building)
        building.rename(target)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    _flush(releases)
    with _switching(home):
        _make_current(home, identity)
        _retire(home, settings.publishing.keep_releases)
    return read_release(target)


def next_release_id(home: Home, as_of: dt.date) -> str:
    """The id the next release will have: the next number, and the date its data speaks of."""
    taken = [int(found[1]) for path in _releases_folder(home).glob("*") if (found := _ID.search(path.name))]
    return f"{max(taken, default=0) + 1:06d}-{as_of.isoformat()}"


def list_releases(home: Home) -> list[Release]:
    """Every release that is kept, oldest first. Raises ReleaseError naming one that cannot be read."""
    return [read_release(path) for path in _complete(home)]


def show_release(home: Home, release_id: str) -> Release:
    """One release, by its id or the number that it begins with. Raises ReleaseError when there is none."""
    kept = _complete(home)
    number = int(release_id) if release_id.isdecimal() else None
    for path in kept:
        if path.name == release_id or _number(path.name) == number:
            return read_release(path)
    known = ", ".join(path.name for path in kept) or "none"
    raise ReleaseError(f"there is no release '{release_id}'; kept are: {known}")


def current_release(home: Home) -> Release | None:
    """The release that BI reads; None before the first. Raises ReleaseError when `current` leads nowhere, or to a
    release that this version cannot read."""
    link = home.published / "current"
    if not link.is_symlink():
        return None
    if not link.exists():
        raise ReleaseError(f"{link} leads to {link.readlink()}, which is gone. `omnivue releases rollback` repairs it.")
    return read_release(link.resolve())


def rollback(home: Home, release_id: str | None = None) -> Release:
    """Make an older release current, by default the one before the current one. No file is copied or removed.

    Raises ReleaseError when there is none, or when it lacks files (sizes are compared; `verify` compares contents).
    """
    with _switching(home):
        kept = [path.name for path in _complete(home)]
        if release_id is None:
            link = home.published / "current"
            now = link.readlink().name if link.is_symlink() else ""
            older = [name for name in kept if _number(name) < (_number(now) if now else 10**12)]
            if not older:
                raise ReleaseError(
                    f"there is no release before '{now or 'none'}'; kept are: {', '.join(kept) or 'none'}"
                )
            release_id = older[-1]
        release = show_release(home, release_id)
        damage = _missing(release)
        if damage:
            raise ReleaseError(
                f"release {release.id} is damaged: {damage[0]}. Choose another; kept are: {', '.join(kept)}"
            )
        _make_current(home, release.id)
    return release


def verify(home: Home, release_id: str) -> list[str]:
    """What is wrong with a release's files, one sentence each; empty when every checksum holds."""
    release = show_release(home, release_id)
    problems = _missing(release)
    absent = {file.name for file in release.files if not (release.path / file.name).exists()}
    for file in release.files:
        if file.name not in absent and _sha256(release.path / file.name) != file.sha256:
            problems.append(f"{file.name}: content differs from its checksum")
    expected = {file.name for file in release.files} | {MANIFEST}
    extra = sorted(path.name for path in release.path.iterdir() if path.name not in expected)
    return problems + [f"{name}: not part of the release" for name in extra]


def remove_leftovers(home: Home) -> None:
    """What a crash left: half-built and half-removed releases, links that were about to become `current`. The caller
    holds the run lock."""
    for path in _releases_folder(home).glob(".*"):
        if path.name.startswith((_BUILDING, _DELETING)):
            shutil.rmtree(path)
    # A link may be that of a rollback at work.
    with _switching(home):
        for path in home.published.glob(f"{_SWITCHING}*"):
            path.unlink()


def _build(
    warehouse: Warehouse,
    folder: Path,
    identity: str,
    settings: Settings,
    built_at: dt.datetime,
    run: RunInfo,
    descriptions: Mapping[str, Description],
) -> Release:
    """Write the release's database and Parquet files into `folder`, and look at them once they are closed."""
    storage_version = settings.publishing.storage_version
    tables: list[ReleaseTable] = []
    judged: dict[str, Expected] = {}
    # Sorting spills beside the release, not into the current folder.
    with session(temp_directory=folder.with_name(f"{_BUILDING}spill")) as connection:
        # By its own name, under which its views look for their tables.
        warehouse.attach(connection, "warehouse", SCHEMA)
        names = [
            name
            for (name,) in connection.execute(
                "select table_name from information_schema.tables "
                "where table_catalog = 'warehouse' and table_schema = ? order by table_name",
                [SCHEMA],
            ).fetchall()
        ]
        if not names:
            raise ReleaseError(f"schema {SCHEMA} is empty, there is nothing to publish")
        connection.execute(f"attach {_text(folder / DATABASE)} as target (storage_version {_text(storage_version)})")
        connection.execute(f"create schema target.{SCHEMA}")
        for name in names:
            description = descriptions.get(name, Description())
            judged[name] = expected(connection, f"warehouse.{SCHEMA}.{quoted(name)}", description.keys)
            _copy_table(connection, name, description)
            parquet = folder / f"{name}.parquet"
            connection.execute(
                f"copy (select * from target.{SCHEMA}.{quoted(name)}) to {_text(parquet)} "
                "(format parquet, compression zstd)"
            )
            columns = tuple(column for column, _ in judged[name].columns)
            tables.append(ReleaseTable(name, judged[name].rows, columns, _described(parquet), description.keys))
        connection.execute("detach target")
    return Release(
        id=identity,
        path=folder,
        built_at=built_at,
        run=run,
        settings=settings.public(),
        storage_version=storage_version,
        database=_described(folder / DATABASE),
        tables=tuple(tables),
        audit=audit(folder, SCHEMA, judged),
    )


def _copy_table(connection: duckdb.DuckDBPyConnection, name: str, description: Description) -> None:
    """Copy one table with its comments, sorted: the same content gives the same order in every release."""
    copy = f"target.{SCHEMA}.{quoted(name)}"
    connection.execute(f"create table {copy} as select * from warehouse.{SCHEMA}.{quoted(name)} order by all")
    write_comments(connection, copy, description)


def write_comments(connection: duckdb.DuckDBPyConnection, table: str, description: Description) -> None:
    """Have a table (a quoted name) and those of its columns that are described say what they are."""
    if description.text:
        connection.execute(f"comment on table {table} is {_text(description.text)}")
    present = {column for (column, *_) in connection.execute(f"describe {table}").fetchall()}
    for column, comment in description.columns.items():
        if column in present:
            connection.execute(f"comment on column {table}.{quoted(column)} is {_text(comment)}")


def _releases_folder(home: Home) -> Path:
    return home.published / "releases"


def _complete(home: Home) -> list[Path]:
    """Folders of releases in order of their numbers."""
    folders = (path for path in _releases_folder(home).glob("*") if _ID.fullmatch(path.name))
    return sorted(folders, key=lambda path: _number(path.name))


def _number(release_id: str) -> int:
    return int(release_id.partition("-")[0])


@contextmanager
def reader(database: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A session that only reads a published database."""
    with session(database, read_only=True) as connection:
        yield connection


@contextmanager
def _switching(home: Home) -> Iterator[None]:
    """Publication and rollback move `current` one after the other."""
    home.published.mkdir(parents=True, exist_ok=True)
    with file_lock(home.published / ".switch.lock"):
        yield


def _make_current(home: Home, release_id: str) -> None:
    aside = home.published / f"{_SWITCHING}{release_id}"
    aside.unlink(missing_ok=True)
    aside.symlink_to(Path("releases") / release_id)
    aside.replace(home.published / "current")
    _flush(home.published)


def _retire(home: Home, keep: int) -> None:
    """Remove all but the newest `keep` releases; never the current one. Renamed first, so that no half of a release
    can be taken for one."""
    now = (home.published / "current").readlink().name
    for path in _complete(home)[:-keep]:
        if path.name != now:
            gone = path.with_name(f"{_DELETING}{path.name}")
            path.rename(gone)
            shutil.rmtree(gone)


def _make_lasting(folder: Path) -> None:
    """Every file read-only and on disk, then the folder itself."""
    for path in folder.iterdir():
        path.chmod(0o444)
        _flush(path)
    _flush(folder)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _missing(release: Release) -> list[str]:
    problems = []
    for file in release.files:
        path = release.path / file.name
        if not path.exists():
            problems.append(f"{file.name}: missing")
        elif path.stat().st_size != file.bytes:
            problems.append(f"{file.name}: {path.stat().st_size} bytes, expected {file.bytes}")
    return problems


def _described(path: Path) -> ReleaseFile:
    return ReleaseFile(path.name, path.stat().st_size, _sha256(path))


def _sha256(path: Path) -> str:
    with path.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
