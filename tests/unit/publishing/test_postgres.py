"""Releases in PostgreSQL: every cell, switched in one step under readers, pinned, rolled back, mended after crashes.

The oracles are psycopg and DuckDB's own client, which share nothing with what loads the server.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import subprocess
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from dagster_project.doctor import examine
from dagster_project.publishing import (
    Description,
    PostgresError,
    Release,
    RunInfo,
    current_release,
    publish,
    rollback,
    served_by_postgres,
    sync_postgres,
)
from dagster_project.settings import Home, Settings, SettingsError, load_settings
from dagster_project.warehouse import DuckDBWarehouse

BUILT_AT = dt.datetime(2026, 11, 2, 3, 4, 5, tzinfo=dt.UTC)
RUN = RunInfo(dt.date(2026, 11, 1), dt.date(2026, 10, 31), "0.1.0", "duckdb", "abc", {"passed": 12})
ORDERS = Description(
    "One row per order; it's whole",
    {"net_revenue": "EUR, 'without' VAT", "order_id": "The key \\ of an order"},
    (("order_id",), ("version", "store_code", "order_id")),
)
STORES = Description("One row per store", {}, (("store_code",), ("name",)))
DESCRIPTIONS = {"fct_orders": ORDERS, "dim_stores": STORES}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def settings() -> Settings:
    return with_options()


def with_options(keep_releases: int = 3, **options: Any) -> Settings:
    shipped = load_settings()
    postgres = shipped.publishing.postgres.model_copy(update={"switch_seconds": 5.0} | options)
    publishing = shipped.publishing.model_copy(update={"keep_releases": keep_releases, "postgres": postgres})
    return shipped.model_copy(update={"publishing": publishing})


def fill(home: Home, version: int, more: str = "") -> None:
    """A warehouse whose marts say which version they are of; `more` runs after."""
    home.warehouse.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute(
            f"create schema marts; create table marts.fct_orders as select {version} as version, i as order_id, "
            "'S' || i % 2 as store_code, (i * 1.5)::decimal(18, 4) as net_revenue from range(300) as r(i);"
            "create table marts.dim_stores as select * from (values ('S0', 'A'), ('S1', null)) as v(store_code, name);"
            f"alter table marts.dim_stores add column version integer default {version};"
        )
        connection.execute(more)


@pytest.fixture
def published(home: Home, settings: Settings) -> Callable[..., Release]:
    """Publish, as a file, a warehouse of the given version."""

    def call(version: int, more: str = "") -> Release:
        fill(home, version, more)
        return publish(
            DuckDBWarehouse(home.warehouse), home, settings, built_at=BUILT_AT, run=RUN, descriptions=DESCRIPTIONS
        )

    return call


def versions(database: Any) -> list[tuple[int, ...]]:
    return database.query("select distinct o.version, s.version from marts.fct_orders as o, marts.dim_stores as s")


# DuckDB's type, a value in it, and PostgreSQL's type.
TYPES = [
    ("tinyint", "-1", "smallint"),
    ("utinyint", "200", "smallint"),
    ("smallint", "-3", "smallint"),
    ("usmallint", "60000", "integer"),
    ("integer", "-4", "integer"),
    ("uinteger", "4000000000", "bigint"),
    ("bigint", "9007199254740993", "bigint"),
    ("ubigint", "18446744073709551615", "numeric(20,0)"),
    ("hugeint", "17014118346046923173168730371588410572", "numeric(38,0)"),
    ("float", "1.5", "real"),
    ("double", "0.1", "double precision"),
    ("boolean", "true", "boolean"),
    ("decimal(18, 4)", "-12345678901234.5678", "numeric(18,4)"),
    ("decimal(4, 2)", "0.01", "numeric(4,2)"),
    ("date", "date '1900-02-28'", "date"),
    ("time", "time '23:59:59.999999'", "time without time zone"),
    ("timestamp", "timestamp '2026-10-25 00:30:00.123456'", "timestamp without time zone"),
    ("timestamp_s", "timestamp '2026-01-02 03:04:05'", "timestamp without time zone"),
    ("timestamptz", "timestamptz '2026-10-25 02:30:00+02'", "timestamp with time zone"),
    ("varchar", "'Noël, \"l''été\"' || chr(10) || '\\N ' || chr(9) || '☃'", "text"),
    ("enum('a', 'b')", "'a'", "text"),
    ("uuid", "'4ac7a9e9-607c-4c8a-84f3-843f0191e3fd'", "uuid"),
    ("blob", r"'\x00\xFF'::blob", "bytea"),
    ("varchar[]", "['x', null, 'y,\"z', '']", "text[]"),
    ("bigint[]", "[1, 2]", "bigint[]"),
    ("bigint[][]", "[[1], [2, 3]]", "jsonb"),
    ("struct(a integer, b varchar[])", "{'a': 1, 'b': ['x']}", "jsonb"),
]
ALL_TYPES = (
    f"create table marts.all_types as select "
    f"{', '.join(f'({value})::{type_} as c{column}' for column, (type_, value, _) in enumerate(TYPES))} union all "
    f"select {', '.join(f'null::{type_}' for type_, *_ in TYPES)};"
    "create table marts.extremes as select d::double as d, f::float as f, t, v from (values "
    "('inf', '-inf', date '9999-12-31', ''), ('nan', 'nan', date '0001-01-01', 'NULL'), ('-0.0', '0.5', null, null), "
    "('1e-300', '-1024', date '2024-02-29', ' ')) as v(d, f, t, v);"
    "create table marts.empty as select 1::bigint as a, 'x' as b where false;"
    'create table marts."Odd ""name""" as select 1 as "select", 2 as "Ünï çødé"'
)


def test_every_cell_in_postgres_is_that_of_the_published_file(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any
) -> None:
    release = published(1, ALL_TYPES)
    synced = sync_postgres(home, settings)
    assert synced is not None
    assert (synced.release, synced.rows) == (release, 300 + 2 + 2 + 4 + 0 + 1)

    def compared(value: Any) -> Any:
        # As text -0.0, nan and the digits of a decimal count, too. What is beyond bigint comes as a decimal.
        if isinstance(value, int) and abs(value) >= 2**63:
            return Decimal(value)
        return value.astimezone(dt.UTC) if isinstance(value, dt.datetime) and value.tzinfo else value

    file = duckdb.connect(str(release.path / "omnivue.duckdb"), read_only=True)
    with file, database.connect() as server:
        file.execute("set timezone = 'UTC'")
        tables = [name for (name,) in file.execute("select table_name from duckdb_tables()").fetchall()]
        assert len(tables) == 6
        for name in tables:
            quoted = '"' + name.replace('"', '""') + '"'
            wanted = file.execute(f"select * from marts.{quoted}").fetchall()
            columns = [column[0] for column in file.description]
            for schema in ("marts", "release_000001_2026_11_01"):
                cursor = server.execute(f"select * from {schema}.{quoted}".encode())
                assert [column.name for column in cursor.description] == columns
                found = cursor.fetchall()
                assert sorted(repr([*map(compared, row)]) for row in found) == sorted(
                    repr([*map(compared, row)]) for row in wanted
                ), name
    types = database.query(
        "select format_type(atttypid, atttypmod) from pg_attribute "
        "where attrelid = 'marts.all_types'::regclass and attnum > 0 order by attnum"
    )
    assert [type_ for (type_,) in types] == [postgres for *_, postgres in TYPES]


def test_tables_say_what_they_are_and_have_keys_and_statistics(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any
) -> None:
    published(1)
    sync_postgres(home, settings)
    for schema in ("marts", "release_000001_2026_11_01"):
        ((table, revenue, key, nothing),) = database.query(
            f"select obj_description(o), col_description(o, 4), col_description(o, 2), col_description(o, 1) "
            f"from (select '{schema}.fct_orders'::regclass as o) as named"
        )
        assert (table, revenue) == ("One row per order; it's whole", "EUR, 'without' VAT")
        assert (key, nothing) == ("The key \\ of an order", None)
    indexes = database.query(
        "select tablename, substring(indexdef from 'UNIQUE.*'), indisprimary from pg_indexes inner join pg_index "
        "on indexrelid = format('%I.%I', schemaname, indexname)::regclass where schemaname like 'release%' "
        "order by 1, 2"
    )
    index = "UNIQUE INDEX {0} ON release_000001_2026_11_01.{1} USING btree ({2})".format
    assert indexes == [
        # A store's name may be NULL: unique, and no primary key.
        ("dim_stores", index("dim_stores_name_idx", "dim_stores", "name"), False),
        ("dim_stores", index("dim_stores_pkey", "dim_stores", "store_code"), True),
        ("fct_orders", index("fct_orders_pkey", "fct_orders", "order_id"), True),
        (
            "fct_orders",
            index("fct_orders_version_store_code_order_id_idx", "fct_orders", "version, store_code, order_id"),
            False,
        ),
    ]
    table = "release_000001_2026_11_01.fct_orders"
    assert database.query(f"select reltuples from pg_class where oid = '{table}'::regclass") == [(300.0,)]


@pytest.fixture
def analyst(database: Any) -> Iterator[str]:
    """A user with nothing but the readers' role, as a DSN; it is dropped with the database."""
    with database.connect() as connection:
        connection.execute(b"create role omnivue_reader nologin")
        login = f"login in role omnivue_reader password '{connection.info.password}'"
        connection.execute(f"create role {database.name}_analyst {login}".encode())
    yield database.server.dsn(database.name, f"{database.name}_analyst")
    with database.connect() as connection:
        connection.execute(f"drop role {database.name}_analyst".encode())


def test_a_reader_reads_every_release_also_later_ones_and_writes_nothing(
    home: Home, settings: Settings, published: Callable[..., Release], analyst: str
) -> None:
    published(1)
    sync_postgres(home, settings)
    published(2, "create table marts.later as select 7 as a")
    sync_postgres(home, settings)
    with psycopg.connect(analyst, autocommit=True) as session:

        def ask(sql: bytes) -> list[tuple[Any, ...]]:
            return session.execute(sql).fetchall()

        assert ask(b"select max(version) from marts.fct_orders") == [(2,)]
        assert ask(b"select a from marts.later") == [(7,)]
        assert ask(b"select max(version) from release_000001_2026_11_01.fct_orders") == [(1,)]
        assert ask(b"select id, is_current, rows from omnivue.releases order by id") == [
            ("000001-2026-11-01", False, 302),
            ("000002-2026-11-01", True, 303),
        ]
        for statement in (
            b"delete from marts.fct_orders",
            b"update release_000001_2026_11_01.fct_orders set version = 9",
            b"insert into omnivue.releases select * from omnivue.releases",
            b"truncate release_000002_2026_11_01.dim_stores",
            b"drop view marts.later",
            b"create table marts.own (a integer)",
            b"create table omnivue.own (a integer)",
            b"drop schema release_000001_2026_11_01 cascade",
            b"alter schema marts rename to other",
        ):
            with pytest.raises((psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)):
                session.execute(statement)


READER = """
import sys, time, duckdb, psycopg
dsn, current = sys.argv[1:]
ask = b"select distinct o.version, s.version from marts.fct_orders as o, marts.dim_stores as s"
pinned_ask = b"select distinct o.version, s.version from fct_orders as o, dim_stores as s"
seen, pins = [], set()
with psycopg.connect(dsn, autocommit=True, prepare_threshold=0) as plain, psycopg.connect(dsn) as whole, \\
        psycopg.connect(dsn, autocommit=True, prepare_threshold=1) as pinned:
    ((pin,),) = pinned.execute(b"select omnivue.pin()").fetchall()
    print("ready", flush=True)
    end = time.monotonic() + 120
    while time.monotonic() < end:
        ((orders, stores),) = plain.execute(ask).fetchall()
        assert orders == stores, ("one statement, two releases", orders, stores)
        if not seen or seen[-1] != orders:
            seen.append(orders)
        # A transaction that lasts, but not forever.
        with whole.transaction():
            first = whole.execute(ask).fetchall()
            time.sleep(0.01)
            assert whole.execute(ask).fetchall() == first, "one transaction, two releases"
        pins.add(tuple(pinned.execute(pinned_ask).fetchall()[0]))
        with duckdb.connect(current, read_only=True) as file:
            ((version, other),) = file.execute(ask.decode()).fetchall()
            assert version == other
        if orders == 99:
            break
print(len(seen), pins)
"""


def test_readers_meet_no_error_and_no_half_release_over_20_publications_and_5_rollbacks(
    home: Home, settings: Settings, published: Callable[..., Release], analyst: str, database: Any
) -> None:
    """One process reads statement by statement (prepared), in transactions, pinned, and the file."""
    published(1)
    sync_postgres(home, settings)
    command = [sys.executable, "-c", READER, analyst, str(home.published / "current" / "omnivue.duckdb")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
        for number in range(20):
            published(number + 2)
            sync_postgres(home, settings)
            assert versions(database) == [(number + 2, number + 2)]
            if number % 4 == 3:
                rollback(home)
                sync_postgres(home, settings)
                assert versions(database) == [(number + 1, number + 1)]
        published(99)
        last = sync_postgres(home, settings)
        out, err = reader.communicate(timeout=150)
    assert reader.returncode == 0, err
    seen, pins = out.split(" ", 1)
    assert int(seen) > 5
    assert pins.strip() == "{(1, 1)}"
    # The pinned release outlived its time by 18 others, and goes once nobody holds it.
    assert last is not None
    assert last.notes == ("PostgreSQL keeps release 000001-2026-11-01: a session pinned it",)
    again = sync_postgres(home, settings)
    assert again is not None
    assert again.notes == ()
    assert database.query("select id from omnivue.releases order by 1") == [
        ("000020-2026-11-01",), ("000021-2026-11-01",), ("000022-2026-11-01",),
    ]  # fmt: skip
    assert database.query("select count(*) from pg_namespace where nspname ~ '^(release|superseded)'") == [(3,)]


def test_a_session_pins_a_release_by_name_and_lets_go_of_it(
    home: Home, settings: Settings, published: Callable[..., Release], analyst: str
) -> None:
    for version in (1, 2):
        published(version)
        sync_postgres(home, settings)
    with psycopg.connect(analyst, autocommit=True) as session:

        def ask(sql: bytes) -> object:
            return session.execute(sql).fetchall()[0][0]

        before = ask(b"show search_path")
        assert ask(b"select omnivue.pin('000001-2026-11-01')") == "000001-2026-11-01"
        assert ask(b"select max(version) from fct_orders") == 1
        assert ask(b"select omnivue.pin()") == "000002-2026-11-01"
        assert ask(b"select max(version) from fct_orders") == 2
        held = b"select count(*) from pg_locks where locktype = 'advisory'"
        assert ask(held) == 1
        session.execute(b"select omnivue.unpin()")
        assert ask(held) == 0
        assert ask(b"show search_path") == before
        with pytest.raises(psycopg.errors.RaiseException, match="no release 7; there are: 000001-2026-11-01, 000002-"):
            session.execute(b"select omnivue.pin('7')")


def test_a_transaction_left_open_keeps_nobody_from_the_new_release(
    home: Home, published: Callable[..., Release], database: Any
) -> None:
    settings = with_options(switch_seconds=0.3)
    published(1)
    sync_postgres(home, settings)
    with psycopg.connect(database.dsn) as idle:
        assert idle.execute(b"select max(version) from marts.fct_orders").fetchall() == [(1,)]
        published(2, "create table marts.more as select 1 as a")
        synced = sync_postgres(home, settings)
        assert synced is not None
        assert versions(database) == [(2, 2)]
        assert len(synced.notes) == 1
        assert "a session is reading it" in synced.notes[0]
        assert idle.execute(b"select max(version) from marts.fct_orders").fetchall() == [(2,)]
    assert sync_postgres(home, settings).notes == ()
    assert database.query("select count(*) from pg_namespace where nspname like 'superseded%'") == [(0,)]
    assert database.query("select count(*) from pg_class where relnamespace = 'marts'::regnamespace") == [(3,)]


def test_a_view_of_others_on_marts_moves_along_and_is_never_left_behind(
    home: Home, published: Callable[..., Release], database: Any
) -> None:
    settings = with_options(switch_seconds=0.3)
    published(1)
    sync_postgres(home, settings)
    with database.connect() as owner:
        owner.execute(b"create schema bi")
        owner.execute(
            b"create view bi.latest as select max(version) as version, sum(net_revenue) from marts.fct_orders"
        )
    published(2)
    sync_postgres(home, settings)
    assert database.query("select version from bi.latest") == [(2,)]

    published(3)
    with psycopg.connect(database.dsn, application_name="notebook") as idle:
        idle.execute(b"select from marts.dim_stores limit 1")
        with pytest.raises(PostgresError, match=r"session \d+ of owner \(notebook\) held its views .* bi.latest would"):
            sync_postgres(home, settings)
        assert versions(database) == [(2, 2)]
    sync_postgres(home, settings)
    assert database.query("select version from bi.latest") == [(3,)]

    # A view cannot lose a column that another one reads.
    published(4, "alter table marts.fct_orders drop column net_revenue")
    with pytest.raises(PostgresError, match=r"000004-2026-11-01, whose tables differ: .*view bi.latest depends on"):
        sync_postgres(home, settings)
    assert database.query("select version from bi.latest") == [(3,)]
    with database.connect() as owner:
        owner.execute(b"drop view bi.latest")
    sync_postgres(home, settings)
    assert versions(database) == [(4, 4)]


def test_a_release_whose_tables_and_columns_differ_takes_the_place_of_the_other_and_back(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any
) -> None:
    published(1, "create table marts.gone as select 1 as a; create table marts.retyped as select 1 as a, 'x' as b")
    sync_postgres(home, settings)
    more = "alter table marts.dim_stores add column z int"
    published(2, f"create table marts.retyped as select 'one' as a, 1 as c; {more}")
    sync_postgres(home, settings)

    def columns() -> list[str]:
        found = database.query(
            "select table_name || '.' || column_name || ' ' || data_type from information_schema.columns "
            "where table_schema = 'marts' and table_name in ('gone', 'retyped', 'dim_stores') order by 1"
        )
        return [column for (column,) in found]

    stores = ["dim_stores.name text", "dim_stores.store_code text", "dim_stores.version integer"]
    assert columns() == [*stores, "dim_stores.z integer", "retyped.a text", "retyped.c integer"]
    rollback(home)
    sync_postgres(home, settings)
    assert columns() == [*stores, "gone.a integer", "retyped.a integer", "retyped.b text"]


def test_rollback_moves_both_stores_and_loads_again_what_postgres_has_no_more(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any, omnivue: Any
) -> None:
    for version in (1, 2, 3):
        published(version)
        sync_postgres(home, with_options(keep_releases=1))
    assert [name for (name,) in database.query("select id from omnivue.releases")] == ["000003-2026-11-01"]
    done = omnivue("releases", "rollback", home=home.root)
    assert "000002-2026-11-01 is schema marts in PostgreSQL, 302 rows loaded" in done.stdout
    assert current_release(home).id == "000002-2026-11-01"
    assert versions(database) == [(2, 2)]
    listed = omnivue("releases", "list", home=home.root).stdout.splitlines()
    assert [line.split()[-1] for line in listed] == ["PostgreSQL", "passed", "served", "there"]
    rollback(home, "000003-2026-11-01")
    sync = omnivue("releases", "sync", home=home.root)
    assert sync.stdout == "000003-2026-11-01 is schema marts in PostgreSQL\n"
    assert versions(database) == [(3, 3)]


def test_a_rollback_while_a_release_is_being_loaded_wins(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any
) -> None:
    published(1)
    sync_postgres(home, settings)
    published(2)
    synced = sync_postgres(home, settings, lambda *_: rollback(home, "000001-2026-11-01"))
    assert synced is not None
    assert (synced.release.id, synced.rows) == ("000001-2026-11-01", 302)
    assert versions(database) == [(1, 1)]


@pytest.mark.parametrize(("place", "is_loaded"), [("load_tables", False), ("_announcement", False), ("_switch", True)])
def test_a_crash_leaves_marts_as_they_were_and_the_next_sync_mends_it(
    place: str, is_loaded: bool, home: Home, settings: Settings, published: Callable[..., Release], database: Any
) -> None:
    """The process is killed for good (os._exit): while tables are loaded, after them, and before the switch."""
    published(1)
    sync_postgres(home, settings)
    published(2)
    script = f"""
import os
from pathlib import Path
from dagster_project.publishing import postgres, sync_postgres
from dagster_project.settings import Home, load_settings
def die(*args): os._exit(9)
watch = die if {place!r} == "load_tables" else None
if watch is None: setattr(postgres, {place!r}, die)
sync_postgres(Home(Path({str(home.root)!r})), load_settings(), watch)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    assert versions(database) == [(1, 1)]
    served = served_by_postgres(settings)
    assert served is not None
    assert served.current == "000001-2026-11-01"
    assert ("000002-2026-11-01" in served.releases) == is_loaded
    synced = sync_postgres(home, settings)
    assert synced is not None
    assert synced.rows == (0 if is_loaded else 302)
    assert versions(database) == [(2, 2)]
    assert database.query("select count(*) from pg_namespace where nspname ~ '^(release|superseded)'") == [(2,)]


def test_a_new_beginning_with_the_same_number_replaces_what_was_loaded(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any, tmp_path: Path
) -> None:
    published(1, "create table marts.gone as select 1 as a")
    sync_postgres(home, settings)
    other = Home(tmp_path / "other").create()
    fill(other, 5)
    publish(DuckDBWarehouse(other.warehouse), other, settings, built_at=BUILT_AT, run=RUN, descriptions=DESCRIPTIONS)
    synced = sync_postgres(other, settings)
    assert synced is not None
    assert (synced.rows, synced.notes) == (302, ())
    assert versions(database) == [(5, 5)]
    assert database.query("select nspname from pg_namespace where nspname ~ '^(release|superseded)'") == [
        ("release_000001_2026_11_01",)
    ]
    assert database.query("select to_regclass('marts.gone')") == [(None,)]


def test_what_others_keep_in_schema_marts_stays(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any
) -> None:
    with database.connect() as owner:
        owner.execute(b"create schema marts")
        owner.execute(b"create table marts.own as select 1 as a")
    for version in (1, 2):
        published(version)
        sync_postgres(home, settings)
    assert database.query("select a from marts.own") == [(1,)]
    published(3, "create table marts.own as select 2 as a")
    with pytest.raises(PostgresError, match='"own" is not a view'):
        sync_postgres(home, settings)
    assert versions(database) == [(2, 2)]


def test_a_table_that_cannot_be_loaded_is_named_and_leaves_nothing(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any
) -> None:
    published(1, "create table marts.texts as select 'a' || chr(0) as text")
    with pytest.raises(PostgresError, match=r"marts\.texts cannot be loaded: .*0x00"):
        sync_postgres(home, settings)
    assert database.query("select count(*) from pg_namespace where nspname like 'release%'") == [(0,)]


def test_fewer_rows_than_the_manifest_says_are_not_served(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = published(1)
    wrong = [dataclasses.replace(table, rows=table.rows + 1) for table in release.tables]
    monkeypatch.setattr(
        "dagster_project.publishing.postgres.current_release",
        lambda _: dataclasses.replace(release, tables=tuple(wrong)),
    )
    with pytest.raises(PostgresError, match=r"dim_stores has 2 rows after loading, release 000001-2026-11-01 says 3"):
        sync_postgres(home, settings)
    assert database.query("select count(*) from pg_namespace where nspname = 'marts'") == [(0,)]


def test_a_user_who_may_not_create_roles_is_told_what_an_administrator_does(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(1)
    loader = f"{database.name}_loader"
    with database.connect() as owner:
        owner.execute(f"create role {loader} login password '{owner.info.password}'".encode())
        owner.execute(f"grant create on database {database.name} to {loader}".encode())
    try:
        monkeypatch.setenv("OMNIVUE_POSTGRES_DSN", database.server.dsn(database.name, loader))
        with pytest.raises(PostgresError, match='administrator run `create role "omnivue_reader" nologin`, or set'):
            sync_postgres(home, settings)
        assert sync_postgres(home, with_options(reader_role=None)) is not None
        assert versions(database) == [(1, 1)]
    finally:
        with database.connect() as owner:
            owner.execute(f"drop owned by {loader} cascade".encode())
            owner.execute(f"drop role {loader}".encode())


def test_a_user_who_may_not_load_releases_is_told_so_before_one_is_due(
    home: Home,
    settings: Settings,
    published: Callable[..., Release],
    database: Any,
    analyst: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def told() -> tuple[str, str]:
        with pytest.raises(PostgresError) as refused:
            sync_postgres(home, settings)
        (finding,) = (each for each in examine(home) if each.subject == "PostgreSQL")
        return str(refused.value), finding.detail

    published(1)
    owner, reader = database.server.dsn(database.name, "owner"), f"{database.name}_analyst"
    monkeypatch.setenv("OMNIVUE_POSTGRES_DSN", analyst)
    for said in told():
        assert said.startswith(
            f"{reader} may not create schemas in database {database.name}. Have an administrator run `grant create on "
            f'database "{database.name}" to "{reader}"`'
        )
    monkeypatch.setenv("OMNIVUE_POSTGRES_DSN", owner)
    assert sync_postgres(home, settings) is not None
    monkeypatch.setenv("OMNIVUE_POSTGRES_DSN", analyst)
    for said in told():
        assert f"belong to owner, and {reader} may not change them: name owner" in said
    assert versions(database) == [(1, 1)]


def test_without_a_server_the_file_is_current_and_the_password_is_nowhere(
    home: Home, settings: Settings, published: Callable[..., Release], monkeypatch: pytest.MonkeyPatch, omnivue: Any
) -> None:
    assert sync_postgres(home, settings) is None
    assert served_by_postgres(settings) is None
    published(1)
    published(2)
    monkeypatch.setenv("OMNIVUE_POSTGRES_DSN", "postgresql://shop:hush%2Fhush@127.0.0.1:1/marts")
    with pytest.raises(PostgresError, match=r"PostgreSQL cannot be reached: .*Connection refused"):
        sync_postgres(home, settings)
    done = omnivue("releases", "rollback", home=home.root, expect=7)
    assert "000001-2026-11-01 is current" in done.stdout
    assert "omnivue releases sync" in done.stderr
    assert "hush" not in done.stdout + done.stderr
    assert current_release(home).id == "000001-2026-11-01"
    listed = omnivue("releases", "list", home=home.root)
    assert "warning: PostgreSQL cannot be reached" in listed.stderr
    found = [finding for finding in examine(home) if finding.subject == "PostgreSQL"]
    assert [(finding.level, finding.remedy) for finding in found] == [
        ("warning", "mend it, then `omnivue releases sync`")
    ]


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://shop:pa@ss@host/marts",
        "postgresql://shop:pa ss@host/marts",
        "pass",
        "host=127.0.0.1 password='pa ss",
        "mysql://shop:pass@host/marts",
    ],
)
def test_a_dsn_that_is_none_is_refused_without_showing_it(
    dsn: str, home: Home, monkeypatch: pytest.MonkeyPatch, omnivue: Any
) -> None:
    monkeypatch.setenv("OMNIVUE_POSTGRES_DSN", dsn)
    with pytest.raises(SettingsError, match="OMNIVUE_POSTGRES_DSN is no connection string") as caught:
        load_settings().publishing.postgres.dsn  # noqa: B018
    assert "ss" not in str(caught.value).replace("password", "").replace("expected", "")
    done = omnivue("releases", "sync", home=home.root, expect=1)
    assert "pa" not in done.stderr.replace("password", "")


@pytest.mark.parametrize("dsn", ["postgresql://shop:%zzpass@host/marts", "host=127.0.0.1 port=pass", "hos=pass"])
def test_a_dsn_that_only_libpq_refuses_is_not_shown_either(
    dsn: str, home: Home, settings: Settings, published: Callable[..., Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    published(1)
    monkeypatch.setenv("OMNIVUE_POSTGRES_DSN", dsn)
    with pytest.raises(PostgresError, match="libpq cannot read OMNIVUE_POSTGRES_DSN") as caught:
        sync_postgres(home, settings)
    assert "pass" not in str(caught.value).replace("password", "")
    assert caught.value.__cause__ is None


def test_a_wrong_password_and_an_absent_database_are_said_without_the_password(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    published(1)
    port = database.server.port
    for dsn, said in (
        (f"host=127.0.0.1 port={port} user=owner password='wrong one' dbname={database.name}", "authentication failed"),
        (database.server.dsn("nowhere"), 'database "nowhere" does not exist'),
    ):
        monkeypatch.setenv("OMNIVUE_POSTGRES_DSN", dsn)
        with pytest.raises(PostgresError, match=said) as caught:
            sync_postgres(home, settings)
        assert "wrong one" not in str(caught.value)


def test_doctor_says_which_release_is_served(
    home: Home, settings: Settings, published: Callable[..., Release], database: Any
) -> None:
    def found() -> list[tuple[str, str]]:
        return [(finding.level, finding.detail) for finding in examine(home) if finding.subject == "PostgreSQL"]

    where = f"owner@{database.name}"
    assert found() == [("ok", f"{where} serves nothing yet")]
    published(1)
    sync_postgres(home, settings)
    assert found() == [("ok", f"{where} serves 000001-2026-11-01")]
    published(2)
    assert found() == [("warning", f"{where} serves 000001-2026-11-01, the file is 000002-2026-11-01")]
