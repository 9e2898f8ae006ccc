"""Readers without pause while releases are published and taken back: no error, and no session sees two releases.

Real marts are published again and again, each time one row longer; the number of the publication stands in a table
beside them. Each reader is a process of its own. It asks for several things in one session, and all must belong
together: the published file over one connection, its Parquet files over the folder that `current` led to, PostgreSQL in
one statement, in one transaction, and pinned.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from dagster_project.publishing import RunInfo, publish, rollback, sync_postgres
from dagster_project.settings import Home, Settings, load_settings
from dagster_project.warehouse import DuckDBWarehouse
from tests.chaos.homes import SMALL, Place, current_release, scratch_folder, simulate
from tests.chaos.report import Row
from tests.postgres_server import NO_SERVER, PostgresServer, running_server, server_binaries

PUBLICATIONS, ROLLBACKS = 20, 5
KINDS = ("file", "parquet", "statement", "transaction", "pin")
_OF_SERVER = ("statement", "transaction", "pin")
_REPOSITORY = Path(__file__).resolve().parents[2]
# Number of the publication by what it says, and by the rows it has more than the first.
_NUMBER, _ROWS = "select number from {}chaos", "select count(*) from {}fct_orders"


# -- publishing ------------------------------------------------------------------------------------------------------


def change(home: Home, number: int) -> None:
    """Make the marts those of publication `number`: one more order, and the number."""
    with duckdb.connect(str(home.warehouse)) as session:
        session.execute("insert into marts.fct_orders select * from marts.fct_orders limit 1")
        session.execute(f"create or replace table marts.chaos as select {number} as number")


def publish_and_take_back(
    home: Home, settings: Settings, publications: int, rollbacks: int, tell: Callable[[str], None]
) -> Iterator[int]:
    """Publish so often, and go back to the release before now and then; yields the number that is current."""
    every = max(1, publications // rollbacks) if rollbacks else publications + 1
    day = dt.date(2026, 11, 1)
    for number in range(1, publications + 1):
        change(home, number)
        publish(
            DuckDBWarehouse(home.warehouse),
            home,
            settings,
            built_at=dt.datetime(2026, 11, 2, tzinfo=dt.UTC),
            run=RunInfo(day, day, "chaos", "duckdb", str(number), {}),
        )
        sync_postgres(home, settings)
        tell(f"publication {number} of {publications}: {current_release(home.root)}")
        yield number
        if number % every == 0 and number > 1 and number // every <= rollbacks:
            rollback(home)
            sync_postgres(home, settings)
            tell(f"rolled back to {current_release(home.root)}")
            yield number - 1


# -- reading ---------------------------------------------------------------------------------------------------------


class Reader:
    """One session after another until it is told to stop, each of which must see one release."""

    def __init__(self, kind: str, target: str, base: int) -> None:
        self.kind, self.target, self.base = kind, target, base
        self.queries = 0
        self.seen: Counter[int] = Counter()

    def read(self) -> None:
        getattr(self, f"_{self.kind}")()

    def _same(self, *found: tuple[int, int]) -> None:
        for number, rows in found:
            assert rows == self.base + number, f"{self.kind}: {rows - self.base} rows more in publication {number}"
        assert len({number for number, _ in found}) == 1, f"{self.kind}: one session saw {found}"
        self.seen[found[0][0]] += 1

    def _both(self, ask: Callable[[str], int], where: str) -> tuple[int, int]:
        self.queries += 2
        return ask(_NUMBER.format(where)), ask(_ROWS.format(where))

    def _file(self) -> None:
        with duckdb.connect(str(Path(self.target) / "omnivue.duckdb"), read_only=True) as session:

            def ask(sql: str) -> int:
                return int(session.execute(sql).fetchall()[0][0])

            first = self._both(ask, "marts.")
            self.queries += len(names := self._tables(session))
            for name in names:
                session.execute(f'select count(*) from marts."{name}"').fetchall()
            self._same(first, self._both(ask, "marts."))

    @staticmethod
    def _tables(session: duckdb.DuckDBPyConnection) -> list[str]:
        listed = session.execute("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()
        assert len(listed) > 50
        return [name for (name,) in listed]

    def _parquet(self) -> None:
        # A folder is read as long as it is kept; `current` may lead elsewhere by the next file.
        folder = Path(self.target).resolve()
        with duckdb.connect() as session:
            self.queries += 2
            ((number,),) = session.execute(f"select number from '{folder}/chaos.parquet'").fetchall()
            ((rows,),) = session.execute(f"select count(*) from '{folder}/fct_orders.parquet'").fetchall()
        self._same((number, rows))

    def _statement(self) -> None:
        with psycopg.connect(self.target, autocommit=True) as session:
            for _ in range(20):
                self.queries += 1
                both = f"select ({_NUMBER}), ({_ROWS})".format("marts.", "marts.")
                ((number, rows),) = session.execute(both.encode()).fetchall()
                self._same((number, rows))

    def _transaction(self) -> None:
        with psycopg.connect(self.target) as session, session.transaction():
            self._same(*(self._both(_asking(session), "marts.") for _ in range(3)))

    def _pin(self) -> None:
        with psycopg.connect(self.target, autocommit=True) as session:
            self.queries += 1
            session.execute(b"select omnivue.pin()")
            found = []
            for _ in range(10):
                found.append(self._both(_asking(session), ""))
                time.sleep(0.05)
            self._same(*found)
            session.execute(b"select omnivue.unpin()")


def _asking(session: psycopg.Connection[tuple[Any, ...]]) -> Callable[[str], int]:
    return lambda sql: int(session.execute(sql.encode()).fetchall()[0][0])


def read_until(stop: Path, kind: str, target: str, base: int) -> dict[str, Any]:
    """Read until the file `stop` is there; returns counts of queries, of sessions by publication, and errors."""
    reader = Reader(kind, target, base)
    errors: list[str] = []
    while not stop.exists():
        try:
            reader.read()
        except Exception as error:
            errors.append(f"{type(error).__name__}: {error}")
    return {"kind": kind, "queries": reader.queries, "seen": dict(reader.seen), "errors": errors}


@contextlib.contextmanager
def reading(scratch: Path, home: Home, dsn: str | None, base: int) -> Iterator[list[dict[str, Any]]]:
    """A reader of each kind for the block; after it, what each has to say."""
    stop = scratch / "stop"
    said: list[dict[str, Any]] = []
    readers = []
    try:
        for kind in KINDS:
            target = dsn if kind in _OF_SERVER else str(home.published / "current")
            if target is not None:
                command = [sys.executable, "-m", "tests.chaos.readers", str(stop), kind, target, str(base)]
                readers.append(subprocess.Popen(command, cwd=_REPOSITORY, stdout=subprocess.PIPE, text=True))
        yield said
        stop.touch()
        for reader in readers:
            out, _ = reader.communicate(timeout=120)
            assert reader.returncode == 0, f"a reader ended with {reader.returncode}"
            said.append(json.loads(out))
    finally:
        for reader in readers:
            reader.kill()
            reader.communicate()


def play(
    scratch: Path, publications: int, rollbacks: int, *, seed: int, tell: bool = False, postgres: bool = True
) -> list[dict[str, Any]]:
    """Publish under readers; returns what each reader has to say. Raises AssertionError when one met an error, or saw
    what does not belong together."""
    place = Place(scratch / "ours").create()
    landing = simulate(scratch / "retailer", *SMALL, seed)
    landing.rename(place.landing.with_name("arrived"))
    place.landing.rmdir()
    place.landing.with_name("arrived").rename(place.landing)
    place.omnivue("run")
    return play_over(Home(place.home), scratch, publications, rollbacks, tell=tell, postgres=postgres)


def play_over(
    home: Home, scratch: Path, publications: int, rollbacks: int, *, tell: bool = False, postgres: bool = True
) -> list[dict[str, Any]]:
    """The same over a home that has run."""
    settings = load_settings()
    with duckdb.connect(str(home.warehouse), read_only=True) as session:
        ((base,),) = session.execute("select count(*) from marts.fct_orders").fetchall()

    def say(text: str) -> None:
        if tell:
            print(text, flush=True)

    with _served(postgres) as server:
        steps = publish_and_take_back(home, settings, publications, rollbacks, say)
        next(steps)
        with reading(scratch, home, server.dsn() if server else None, base) as said:
            for _ in steps:
                time.sleep(0.5)
    assert len(said) == (len(KINDS) if server else len(KINDS) - len(_OF_SERVER))
    for reader in said:
        assert not reader["errors"], f"{reader['kind']}: {len(reader['errors'])} errors, {reader['errors'][:3]}"
        assert len(reader["seen"]) > 1, f"{reader['kind']} saw no change: {reader['seen']}"
        say(f"{reader['kind']}: {reader['queries']:,} queries, {len(reader['seen'])} publications seen")
    return said


@contextlib.contextmanager
def _served(wanted: bool) -> Iterator[PostgresServer | None]:
    """A server, which OMNIVUE_POSTGRES_DSN names; None without one."""
    if not wanted or server_binaries() is None:
        yield None
        return
    with running_server() as server:
        former = os.environ.get("OMNIVUE_POSTGRES_DSN")
        os.environ["OMNIVUE_POSTGRES_DSN"] = server.dsn()
        try:
            yield server
        finally:
            del os.environ["OMNIVUE_POSTGRES_DSN"]
            if former is not None:
                os.environ["OMNIVUE_POSTGRES_DSN"] = former


def run(*, seed: int = 0, tell: bool = False) -> Row:
    """The part of `make chaos`."""
    started = time.perf_counter()
    with scratch_folder() as scratch:
        said = play(scratch, PUBLICATIONS, ROLLBACKS, seed=seed, tell=tell)
    note = f"{PUBLICATIONS} publications, {ROLLBACKS} rollbacks; "
    note += ", ".join(f"{reader['kind']} {reader['queries']:,}" for reader in said)
    if len(said) < len(KINDS):
        note += f"; files only: {NO_SERVER}"
    queries = sum(reader["queries"] for reader in said)
    return Row("readers", queries=queries, seconds=time.perf_counter() - started, note=note)


def main() -> None:
    parser = argparse.ArgumentParser(description="One reader, until a file is there; its counts are printed as JSON.")
    parser.add_argument("stop", type=Path)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument("target", help="published/current, or a DSN")
    parser.add_argument("base", type=int, help="Orders before the first publication.")
    arguments = parser.parse_args()
    print(json.dumps(read_until(arguments.stop, arguments.kind, arguments.target, arguments.base)))


if __name__ == "__main__":
    main()
