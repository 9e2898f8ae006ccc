"""The lake's raw folders: `lake/raw/<extract>/ds=<business date>/delivery=<key>/*.parquet`, one folder per delivery.

Folders are written aside and moved into place; nobody ever sees half a delivery. A folder is replaced by moving the old
one away first: a run killed in between leaves the delivery out of the lake but also out of the ledger, so the next run
loads it again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.ingestion.expressions import literal, quoted
from data_quality.contract import Contract

META_COLUMNS = (
    ("_file", "VARCHAR"),
    ("_line", "BIGINT"),
    ("_arrival_date", "DATE"),
    ("_delivery_kind", "VARCHAR"),
    ("_extra", "VARCHAR"),
)
SCHEMA_DAY = dt.date(1970, 1, 1)
SCHEMA_KEY = "schema"


@dataclass(frozen=True)
class Lake:
    """Raw folders of one extract; `aside` is where its unfinished files lie, on the same file system."""

    raw: Path
    aside: Path
    extract: str

    @property
    def root(self) -> Path:
        return self.raw / self.extract

    def folder(self, day: dt.date, key: str) -> Path:
        return self.root / f"ds={day.isoformat()}" / f"delivery={key}"

    def place(self, staged: Path | None, day: dt.date, key: str) -> None:
        """Make `staged` the delivery's folder; None (no row passed) removes it."""
        target = self.folder(day, key)
        if target.exists():
            old = self.aside / "replaced" / f"{target.parent.name}_{target.name}"
            shutil.rmtree(old, ignore_errors=True)
            old.parent.mkdir(parents=True, exist_ok=True)
            target.replace(old)
            shutil.rmtree(old)
        if staged is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            staged.replace(target)
        elif target.parent.exists() and not any(target.parent.iterdir()):
            target.parent.rmdir()

    def write_schema(self, connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
        """The zero-row file that gives staging its columns and types though nothing was ever delivered."""
        columns = [(column.name, column.type) for column in contract.columns] + list(META_COLUMNS)
        select = ", ".join(f"cast(null as {type_}) as {quoted(name)}" for name, type_ in columns)
        folder = self.folder(SCHEMA_DAY, SCHEMA_KEY)
        folder.mkdir(parents=True, exist_ok=True)
        self.aside.mkdir(parents=True, exist_ok=True)
        part = self.aside / "schema.parquet"
        connection.execute(f"copy (select {select} where false) to {literal(part.as_posix())} (format parquet)")
        part.replace(folder / "part.parquet")

    def has_schema(self) -> bool:
        return (self.folder(SCHEMA_DAY, SCHEMA_KEY) / "part.parquet").exists()

    def conform(self, connection: duckdb.DuckDBPyConnection, contract: Contract, day: dt.date, key: str) -> bool:
        """Bring a delivery whose file has left landing to the contract's present columns; True when its folder
        is there.

        Columns keep their values by name where they can be cast, new ones are null.
        """
        folder = self.folder(day, key)
        if not folder.exists():
            return False
        source = f"read_parquet({literal((folder / '*.parquet').as_posix())}, hive_partitioning = false)"
        have = {name for name, *_ in connection.execute(f"describe select * from {source}").fetchall()}
        columns = [(column.name, column.type) for column in contract.columns] + list(META_COLUMNS)
        select = ", ".join(
            f"try_cast({quoted(name)} as {type_}) as {quoted(name)}"
            if name in have
            else f"cast(null as {type_}) as {quoted(name)}"
            for name, type_ in columns
        )
        staged = self.aside / "conformed"
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(parents=True)
        connection.execute(
            f"copy (select {select} from {source}) to {literal((staged / 'part.parquet').as_posix())} (format parquet)"
        )
        self.place(staged, day, key)
        return True


def path_segment(key: str) -> str:
    """The delivery key as a folder name and partition value: plain characters only, told apart by a hash when
    changed.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", key).lstrip(".") or "_"
    if plain == key and len(key) <= 120:
        return plain
    return f"{plain[:110]}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
