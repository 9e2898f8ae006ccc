"""What `omnivue doctor` looks at: the machine, the settings and the state of OMNIVUE_HOME. It changes nothing."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from dagster_project.settings import (
    DBT_PROJECT_DIR,
    DEMO_ID_KEY,
    POSTGRES_DSN,
    PROJECT_ROOT,
    Home,
    Settings,
    SettingsError,
    load_settings,
    shipped_settings,
)

Level = Literal["ok", "warning", "missing"]
FREE_BYTES_ADVISED = 5 * 2**30
NEEDED_MODULES = {
    "duckdb": "duckdb",
    "dbt.cli.main": "dbt-core",
    "dbt.adapters.duckdb": "dbt-duckdb",
    "dagster": "dagster",
    "dagster_webserver": "dagster-webserver",
    "great_expectations": "great-expectations",
    "duckdb_engine": "duckdb-engine",
    "adbc_driver_postgresql": "adbc-driver-postgresql",
    "phonenumbers": "phonenumbers",
    "pandas": "pandas",
    "python_calamine": "python-calamine",
}


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `missing` stops a run, `warning` does not; `remedy` says what to do."""

    subject: str
    level: Level
    detail: str
    remedy: str = ""


def examine(home: Home) -> Iterator[Finding]:
    """Findings in the order a newcomer would fix them."""
    yield from _machine()
    yield from _settings(home)
    yield from _state(home)
    yield from _postgres(home)


def disk_use(home: Home) -> dict[str, int]:
    """Bytes of each part of OMNIVUE_HOME, largest first."""
    parts = {path.name: _bytes_below(path) for path in home.root.iterdir()} if home.root.exists() else {}
    return dict(sorted(parts.items(), key=lambda part: -part[1]))


def _machine() -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding("Python", "ok", version)
    for module, package in NEEDED_MODULES.items():
        if _importable(module):
            yield Finding(package, "ok", importlib.metadata.version(package))
        else:
            yield Finding(package, "missing", "not installed", "run `make setup`")
    if _importable("duckdb"):
        yield _encodings()
    for folder in (DBT_PROJECT_DIR, PROJECT_ROOT / "data_quality" / "contracts"):
        if not folder.is_dir():
            yield Finding("sources", "missing", f"{folder} is not there", "run from a clone: `pip install -e .`")


def _encodings() -> Finding:
    from dagster_project.warehouse.duckdb_session import ExtensionError, load_encodings, session

    subject = "DuckDB encodings"
    try:
        with session() as connection:
            load_encodings(connection)
    except ExtensionError as error:
        return Finding(subject, "missing", str(error), "run `make setup`")
    return Finding(subject, "ok", "cp1252 files can be read")


def _settings(home: Home) -> Iterator[Finding]:
    try:
        settings = load_settings(home.settings_file)
    except SettingsError as error:
        yield Finding("settings", "missing", str(error), f"mend {home.settings_file}")
        return
    yield Finding("settings", "ok", str(home.settings_file) if home.settings_file.exists() else "as shipped")
    yield from _engine(settings)
    yield from _lake(home, settings)
    if settings.identity.id_key == DEMO_ID_KEY:
        yield Finding(
            "identity.id_key",
            "warning",
            "the demo key: anyone can compute a customer_id from a source key",
            f"set identity.id_key in {home.settings_file} before the first real run, and keep it",
        )
    yield from _trusted_sources(home, settings)


def _engine(settings: Settings) -> Iterator[Finding]:
    """The engine that the settings name."""
    from dagster_project.warehouse import engine_lacks

    if lacks := engine_lacks(settings):
        yield Finding("engine", "missing", lacks, "mend it, or set engine: duckdb")
    else:
        yield Finding("engine", "ok", settings.engine)


def _trusted_sources(home: Home, settings: Settings) -> Iterator[Finding]:
    """Sources of the retailer's own that the golden record is to trust, and that no record came from."""
    from dagster_project.warehouse import DuckDBWarehouse

    shipped = shipped_settings().identity.golden_record.trusted_sources
    own = [source for source in settings.identity.golden_record.trusted_sources if source not in shipped]
    if not own or not home.directory.exists():
        return
    known = DuckDBWarehouse(home.directory).read("select distinct source_system from customer_sources order by 1")
    there = known["source_system"].to_pylist()
    for source in own:
        if source not in there:
            yield Finding(
                "identity.golden_record.trusted_sources",
                "warning",
                f"no record comes from '{source}', so it is trusted in vain",
                f"mend {home.settings_file}; records come from {', '.join(there)}",
            )


def _lake(home: Home, settings: Settings) -> Iterator[Finding]:
    """The lake, where it is not in OMNIVUE_HOME, whose disk is counted below."""
    from dagster_project.warehouse import LakeError, open_lake

    if settings.lake.uri is None:
        return
    lake = open_lake(home, settings)
    try:
        lacks = lake.lacks()
        size = 0 if lacks else sum(lake.files("raw").values())
    except LakeError as error:
        lacks = str(error)
    if lacks:
        yield Finding("lake", "missing", lacks, "mend it, or set lake.uri: null")
    else:
        yield Finding("lake", "ok", f"{lake.root} ({size / 2**20:,.1f} MiB)")


def _state(home: Home) -> Iterator[Finding]:
    existing = next(path for path in (home.root, *home.root.parents) if path.exists())
    if not os.access(existing, os.W_OK):
        yield Finding(
            "OMNIVUE_HOME", "missing", f"{existing} cannot be written", "choose another: export OMNIVUE_HOME=..."
        )
        return
    free = shutil.disk_usage(existing).free
    detail = f"{home.root} ({free / 2**30:.0f} GiB free)"
    if free < FREE_BYTES_ADVISED:
        yield Finding("OMNIVUE_HOME", "warning", detail, "a run of 10,000 customers needs about 2 GiB; free some space")
    else:
        yield Finding("OMNIVUE_HOME", "ok", detail)
    extracts = sorted(path.name for path in home.landing.iterdir() if path.is_dir()) if home.landing.exists() else []
    if extracts:
        yield Finding("landing", "ok", f"{len(extracts)} extracts")
    else:
        yield Finding("landing", "warning", "empty", "put extracts there, or `omnivue simulate` a retailer")
    current = home.published / "current"
    if current.exists():
        yield Finding("release", "ok", current.resolve().name)
    else:
        yield Finding("release", "warning", "nothing published yet", "run `omnivue run`")


def _postgres(home: Home) -> Iterator[Finding]:
    """The server that serves releases too, where one is named."""
    from dagster_project.publishing import PostgresError, ReleaseError, current_release, served_by_postgres

    try:
        served = served_by_postgres(load_settings(home.settings_file))
        current = current_release(home)
    except SettingsError as error:
        # Wrong settings were told before.
        if POSTGRES_DSN in str(error):
            yield Finding("PostgreSQL", "missing", str(error), f"mend {POSTGRES_DSN}, or unset it")
        return
    except (PostgresError, ReleaseError) as error:
        yield Finding("PostgreSQL", "warning", str(error), "mend it, then `omnivue releases sync`")
        return
    if served is None:
        return
    if served.lacks is not None:
        yield Finding(
            "PostgreSQL", "warning", served.lacks, f"mend it, or {POSTGRES_DSN}, then `omnivue releases sync`"
        )
        return
    if current is None or served.current == current.id:
        yield Finding("PostgreSQL", "ok", f"{served.where} serves {served.current or 'nothing yet'}")
    else:
        detail = f"{served.where} serves {served.current or 'nothing'}, the file is {current.id}"
        yield Finding("PostgreSQL", "warning", detail, "run `omnivue releases sync`")


def _importable(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _bytes_below(path: Path) -> int:
    if path.is_file():
        return path.stat().st_size
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file() and not file.is_symlink())
