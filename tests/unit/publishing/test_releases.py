"""Releases: whole, numbered, kept, switched in one step."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.publishing import (
    Description,
    Release,
    ReleaseError,
    RunInfo,
    current_release,
    list_releases,
    next_release_id,
    publish,
    remove_leftovers,
    rollback,
    show_release,
    verify,
)
from dagster_project.publishing import releases as releases_module
from dagster_project.settings import Home, Settings, load_settings
from dagster_project.warehouse import DuckDBWarehouse, WarehouseBusy, WarehouseError

AS_OF = dt.date(2026, 11, 1)
BUILT_AT = dt.datetime(2026, 11, 2, 3, 4, 5, tzinfo=dt.UTC)
RUN = RunInfo(
    as_of=AS_OF,
    data_through=dt.date(2026, 10, 31),
    code_version="0.1.0",
    engine="duckdb",
    input_digest="abc",
    checks={"passed": 12, "warning": 1},
)
DESCRIPTIONS = {"fct_orders": Description("One row per order; it's whole", {"net_revenue": "EUR without VAT"})}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home").create()


@pytest.fixture
def settings() -> Settings:
    shipped = load_settings()
    return shipped.model_copy(update={"publishing": shipped.publishing.model_copy(update={"keep_releases": 3})})


def fill(home: Home, version: int) -> None:
    """A warehouse whose marts say which version they are of."""
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create schema if not exists marts; create schema if not exists restricted")
        connection.execute(
            f"create or replace table marts.fct_orders as select {version} as version, i as order_id, "
            "(i * 1.5)::decimal(18, 2) as net_revenue from range(3) as r(i) order by i desc"
        )
        connection.execute("create or replace table marts.dim_stores (store_code varchar primary key, name varchar)")
        connection.execute("insert into marts.dim_stores values ('S2', 'A'), ('S1', 'B')")
        connection.execute("create or replace table restricted.texts as select 'secret' as verbatim")
        connection.execute("create or replace view marts.order_count as select count(*) as n from marts.fct_orders")


@pytest.fixture
def published(home: Home, settings: Settings) -> Callable[[int], Release]:
    """Publish a warehouse of the given version."""

    def call(version: int) -> Release:
        fill(home, version)
        return publish(
            DuckDBWarehouse(home.warehouse), home, settings, built_at=BUILT_AT, run=RUN, descriptions=DESCRIPTIONS
        )

    return call


def version_of(file: Path) -> int:
    with duckdb.connect(str(file.resolve()), read_only=True) as connection:
        return int(connection.execute("select max(version) from marts.fct_orders").fetchall()[0][0])


def test_a_release_holds_every_mart_as_database_and_parquet_and_nothing_else(
    home: Home, published: Callable[[int], Release]
) -> None:
    release = published(1)
    assert release.id == "000001-2026-11-01"
    assert [(table.name, table.rows) for table in release.tables] == [
        ("dim_stores", 2),
        ("fct_orders", 3),
        ("order_count", 1),
    ]
    assert sorted(path.name for path in release.path.iterdir()) == [
        "dim_stores.parquet",
        "fct_orders.parquet",
        "omnivue.duckdb",
        "order_count.parquet",
        "release.json",
    ]
    with duckdb.connect(str(release.path / "omnivue.duckdb"), read_only=True) as connection:
        schemas = connection.execute("select distinct table_schema from information_schema.tables").fetchall()
        rows = connection.execute("from marts.fct_orders").fetchall()
        columns = connection.execute(
            "select comment from duckdb_columns() where table_name = 'fct_orders' and column_name = 'net_revenue'"
        ).fetchall()
        tables = connection.execute("select comment from duckdb_tables() where table_name = 'fct_orders'").fetchall()
    assert schemas == [("marts",)]
    assert [row[1] for row in rows] == [0, 1, 2]
    assert (tables, columns) == ([("One row per order; it's whole",)], [("EUR without VAT",)])
    parquet = duckdb.execute(f"select store_code from '{release.path}/dim_stores.parquet'").fetchall()
    assert parquet == [("S1",), ("S2",)]


def test_the_manifest_says_what_the_release_was_made_of_without_secrets(
    home: Home, published: Callable[[int], Release]
) -> None:
    release = published(1)
    content = json.loads((release.path / "release.json").read_text())
    assert (content["as_of"], content["data_through"], content["code_version"]) == ("2026-11-01", "2026-10-31", "0.1.0")
    assert content["checks"] == {"passed": 12, "warning": 1}
    assert "id_key" not in str(content)
    assert show_release(home, release.id) == release
    assert current_release(home) == release
    assert release.table("fct_orders").columns == ("version", "order_id", "net_revenue")


def test_the_closed_files_are_looked_at_before_they_are_published_and_the_manifest_says_so(
    home: Home, settings: Settings, published: Callable[[int], Release]
) -> None:
    fill(home, 1)
    keyed = {"fct_orders": Description(keys=(("order_id",), ("version", "order_id")))}
    release = publish(DuckDBWarehouse(home.warehouse), home, settings, built_at=BUILT_AT, run=RUN, descriptions=keyed)
    content = json.loads((release.path / "release.json").read_text())
    assert content["audit"] == {"columns": 3, "rows": 3, "content": 3, "keys": 1, "parquet": 3}
    assert [table["keys"] for table in content["tables"]] == [[], [["order_id"], ["version", "order_id"]], []]
    assert show_release(home, release.id).table("fct_orders").keys == (("order_id",), ("version", "order_id"))


TAMPERED = [
    ("database", "delete from marts.fct_orders where order_id = 1", "fct_orders has rows 2, the warehouse says 3"),
    ("database", "update marts.fct_orders set net_revenue = 0.01 where order_id = 1", "fct_orders has digest of all"),
    ("database", "alter table marts.fct_orders alter net_revenue type double", "fct_orders has columns .*DOUBLE"),
    ("database", "create schema other; create table other.texts (a int)", r"omnivue\.duckdb has tables .*other\.texts"),
    ("warehouse", "insert into marts.fct_orders values (1, 0, 7)", "fct_orders by order_id has repeated keys 1, .* 0"),
    ("parquet", "select 1 as version", r"fct_orders\.parquet has columns \['version'\]"),
]


@pytest.mark.parametrize(("place", "change", "said"), TAMPERED, ids=[change for _, change, _ in TAMPERED])
def test_a_release_that_differs_from_what_was_judged_is_not_published(
    place: str,
    change: str,
    said: str,
    home: Home,
    settings: Settings,
    published: Callable[[int], Release],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was written is changed before it is looked at; a key is broken in the warehouse itself."""
    first = published(1)
    fill(home, 2)
    if place == "warehouse":
        with duckdb.connect(str(home.warehouse)) as connection:
            connection.execute(change)

    def tampered(folder: Path, *arguments: Any) -> dict[str, int]:
        if place == "parquet":
            duckdb.execute(f"copy ({change}) to '{folder / 'fct_orders.parquet'}'")
        elif place == "database":
            with duckdb.connect(str(folder / "omnivue.duckdb")) as connection:
                connection.execute(change)
        return audit(folder, *arguments)

    audit = releases_module.audit
    monkeypatch.setattr(releases_module, "audit", tampered)
    keyed = {"fct_orders": Description(keys=(("order_id",),))}
    with pytest.raises(ReleaseError, match=said):
        publish(DuckDBWarehouse(home.warehouse), home, settings, built_at=BUILT_AT, run=RUN, descriptions=keyed)
    assert list_releases(home) == [first]


def test_a_manifest_of_before_the_audit_is_still_read(home: Home, published: Callable[[int], Release]) -> None:
    release = published(1)
    manifest = release.path / "release.json"
    content = json.loads(manifest.read_text())
    del content["audit"]
    for table in content["tables"]:
        del table["keys"]
    manifest.chmod(0o644)
    manifest.write_text(json.dumps(content))
    old = show_release(home, release.id)
    assert (old.audit, old.table("fct_orders").keys) == ({}, ())


def test_files_are_read_only_and_checksums_find_any_change(home: Home, published: Callable[[int], Release]) -> None:
    release = published(1)
    assert {path.stat().st_mode & 0o777 for path in release.path.iterdir()} == {0o444}
    assert verify(home, release.id) == []
    orders = release.path / "fct_orders.parquet"
    orders.chmod(0o644)
    content = bytearray(orders.read_bytes())
    content[40] ^= 1
    orders.write_bytes(content)
    (release.path / "dim_stores.parquet").unlink()
    (release.path / "extra.txt").touch()
    assert verify(home, release.id) == [
        "dim_stores.parquet: missing",
        "fct_orders.parquet: content differs from its checksum",
        "extra.txt: not part of the release",
    ]


def test_equal_marts_give_equal_checksums_whatever_the_order_of_rows(
    home: Home, settings: Settings, published: Callable[[int], Release]
) -> None:
    one = published(1)
    with duckdb.connect(str(home.warehouse)) as connection:
        connection.execute("create or replace table marts.fct_orders as from marts.fct_orders order by random()")
    other = publish(DuckDBWarehouse(home.warehouse), home, settings, built_at=BUILT_AT, run=RUN)
    assert [table.parquet.sha256 for table in one.tables] == [table.parquet.sha256 for table in other.tables]


def test_releases_are_numbered_kept_and_the_current_one_is_never_removed(
    home: Home, published: Callable[[int], Release]
) -> None:
    for version in (1, 2, 3):
        published(version)
    assert rollback(home, "000001-2026-11-01").id == "000001-2026-11-01"
    assert next_release_id(home, AS_OF) == "000004-2026-11-01"
    fourth = published(4)
    assert [release.id[:6] for release in list_releases(home)] == ["000002", "000003", "000004"]
    assert current_release(home) == fourth
    assert version_of(home.published / "current" / "omnivue.duckdb") == 4


def test_rollback_goes_one_release_back_each_time_until_there_is_none(
    home: Home, published: Callable[[int], Release]
) -> None:
    for version in (1, 2, 3):
        published(version)
    assert rollback(home).id[:6] == "000002"
    assert rollback(home).id[:6] == "000001"
    assert version_of(home.published / "current" / "omnivue.duckdb") == 1
    with pytest.raises(ReleaseError, match="there is no release before '000001-2026-11-01'"):
        rollback(home)
    with pytest.raises(ReleaseError, match="there is no release '000009-2026-11-01'; kept are: 000001"):
        rollback(home, "000009-2026-11-01")
    with pytest.raises(ReleaseError, match="there is no release '9'"):
        rollback(home, "9")
    # By its number alone, too.
    assert rollback(home, "3").id == published(4).id.replace("000004", "000003")


def test_a_damaged_release_is_not_rolled_back_to(home: Home, published: Callable[[int], Release]) -> None:
    first = published(1)
    second = published(2)
    (first.path / "omnivue.duckdb").unlink()
    with pytest.raises(ReleaseError, match=r"000001-2026-11-01 is damaged: omnivue\.duckdb: missing"):
        rollback(home)
    assert current_release(home) == second


STEPS = ["_describe", "_make_lasting", "rename", "_make_current", "_retire"]


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_leaves_a_good_release_and_the_next_publication_tidies_up(
    step: str, home: Home, settings: Settings, published: Callable[[int], Release]
) -> None:
    """The process is killed for good (os._exit) just before the step, so no handler of ours can tidy up."""
    published(1)
    fill(home, 2)
    script = f"""
import datetime as dt, os, sys
from pathlib import Path
from dagster_project.publishing import publish, releases, RunInfo
from dagster_project.settings import Home, load_settings
from dagster_project.warehouse import DuckDBWarehouse
def die(*args, **kwargs): os._exit(9)
if {step!r} == "_describe": releases._described = die
elif {step!r} == "rename": Path.rename = die
else: setattr(releases, {step!r}, die)
run = RunInfo(dt.date(2026, 11, 1), dt.date(2026, 10, 31), "0.1.0", "duckdb", "abc", {{}})
home = Home(Path({str(home.root)!r}))
warehouse, now = DuckDBWarehouse(home.warehouse), dt.datetime(2026, 11, 2, tzinfo=dt.UTC)
publish(warehouse, home, load_settings(), built_at=now, run=run)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 9
    current = current_release(home)
    assert current is not None
    assert verify(home, current.id) == []
    assert version_of(home.published / "current" / "omnivue.duckdb") == (2 if step == "_retire" else 1)

    # A run that finds nothing new publishes nothing, and tidies up as well.
    remove_leftovers(home)
    assert [path.name for path in current.path.parent.glob(".*")] == []
    assert current_release(home) == current
    assert verify(home, current.id) == []

    last = published(3)
    assert current_release(home) == last
    assert verify(home, last.id) == []
    assert sorted(path.name for path in home.published.iterdir()) == [".switch.lock", "current", "releases"]


def test_a_failure_while_building_takes_its_files_away(
    home: Home, published: Callable[[int], Release], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = published(1)

    def full(path: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(releases_module, "_make_lasting", full)
    with pytest.raises(OSError, match="No space left"):
        published(2)
    assert current_release(home) == first
    assert [path.name for path in first.path.parent.iterdir()] == [first.id]


def test_a_reader_keeps_its_release_over_the_switch_and_a_new_one_sees_the_new(
    home: Home, published: Callable[[int], Release]
) -> None:
    """The reader keeps its connection while six releases are published, and its own is retired."""
    published(1)
    script = f"""
import duckdb, sys
connection = duckdb.connect({str(home.published / "current" / "omnivue.duckdb")!r}, read_only=True)
for line in sys.stdin:
    print(connection.execute("select sum(version) from marts.fct_orders").fetchall()[0][0], flush=True)
"""
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        for version in range(2, 7):
            reader.stdin.write("ask\n")
            assert reader.stdout.readline() == "3\n"  # three orders of version 1
            published(version)
        reader.stdin.write("ask\n")
        assert reader.stdout.readline() == "3\n"
        reader.stdin.close()
    assert version_of(home.published / "current" / "omnivue.duckdb") == 6
    assert not (home.published / "releases" / "000001-2026-11-01").exists()


def test_a_release_of_a_newer_schema_version_is_refused_by_name(
    home: Home, published: Callable[[int], Release]
) -> None:
    published(1)
    release = published(2)
    manifest = release.path / "release.json"
    manifest.chmod(0o644)
    manifest.write_text(manifest.read_text().replace('"schema_version": 1', '"schema_version": 99'))
    with pytest.raises(ReleaseError, match="000002-2026-11-01 has schema version 99, this Omnivue reads 1"):
        current_release(home)
    assert rollback(home).id == "000001-2026-11-01"
    assert current_release(home) is not None


def test_a_current_link_that_leads_nowhere_says_how_to_repair_it(
    home: Home, published: Callable[[int], Release]
) -> None:
    published(1)
    second = published(2)
    second.path.rename(home.root / "elsewhere")
    with pytest.raises(ReleaseError, match="rollback` repairs it"):
        current_release(home)
    assert rollback(home).id == "000001-2026-11-01"


def test_before_the_first_release_there_is_none(home: Home) -> None:
    assert current_release(home) is None
    assert list_releases(home) == []
    assert next_release_id(home, AS_OF) == "000001-2026-11-01"
    with pytest.raises(ReleaseError, match="there is no release before 'none'; kept are: none"):
        rollback(home)


def test_nothing_is_published_from_an_absent_empty_or_open_warehouse(home: Home, settings: Settings) -> None:
    def attempt() -> None:
        publish(DuckDBWarehouse(home.warehouse), home, settings, built_at=BUILT_AT, run=RUN)

    with pytest.raises(WarehouseError, match="there is no warehouse yet"):
        attempt()
    duckdb.connect(str(home.warehouse)).close()
    with pytest.raises(ReleaseError, match="schema marts is empty"):
        attempt()
    with duckdb.connect(str(home.warehouse)), pytest.raises(WarehouseError, match="open already"):
        attempt()
    script = f"import duckdb, sys; c = duckdb.connect({str(home.warehouse)!r}); print(1, flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(WarehouseBusy):
            attempt()
        other.communicate("")
    assert list_releases(home) == []


def test_an_id_asked_for_beforehand_is_used_once(home: Home, settings: Settings) -> None:
    fill(home, 1)
    wanted = next_release_id(home, AS_OF)
    release = publish(DuckDBWarehouse(home.warehouse), home, settings, built_at=BUILT_AT, run=RUN, release_id=wanted)
    assert release.id == wanted
    with pytest.raises(ReleaseError, match="malformed or taken"):
        publish(DuckDBWarehouse(home.warehouse), home, settings, built_at=BUILT_AT, run=RUN, release_id=wanted)


def test_the_current_link_is_relative_so_that_the_home_can_be_moved(
    home: Home, published: Callable[[int], Release]
) -> None:
    published(1)
    assert (home.published / "current").readlink() == Path("releases/000001-2026-11-01")
    moved = Home(home.root.rename(home.root.with_name("moved")))
    assert current_release(moved) is not None
