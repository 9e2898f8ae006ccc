"""The lake's raw rows: `raw/<extract>/ds=<business date>/delivery=<key>/part.parquet`, one file per delivery.

Files are written aside and put in place whole (`warehouse.lake_store`), so that nobody ever sees half a delivery. The
ledger is written after them: what a killed run put in the lake is not in the ledger, so the next run puts it again.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.ingestion.expressions import literal, quoted
from dagster_project.warehouse.lake_store import LakeStore
from dagster_project.warehouse.warehouse import exactly
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
PART = "part.parquet"


@dataclass(frozen=True)
class Lake:
    """Raw rows of one extract; `aside` is where its unfinished files lie, below that of the store."""

    store: LakeStore
    aside: Path
    extract: str

    def path(self, day: dt.date, key: str) -> str:
        """A delivery's file in the store."""
        return f"raw/{self.extract}/ds={day.isoformat()}/delivery={key}/{PART}"

    def files(self) -> frozenset[str]:
        """The files that are there."""
        return frozenset(self.store.files(f"raw/{self.extract}"))

    def write_schema(self, connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
        """The zero-row file that gives staging its columns and types though nothing was ever delivered."""
        columns = [(column.name, column.type) for column in contract.columns] + list(META_COLUMNS)
        select = ", ".join(f"cast(null as {type_}) as {quoted(name)}" for name, type_ in columns)
        part = self.aside / "schema.parquet"
        connection.execute(f"copy (select {select} where false) to {literal(part.as_posix())} (format parquet)")
        self.store.put({self.path(SCHEMA_DAY, SCHEMA_KEY): part})

    def conform(self, connection: duckdb.DuckDBPyConnection, contract: Contract, path: str) -> None:
        """Bring a delivery whose file has left landing to the contract's present columns.

        Columns keep their values by name where they can be cast, new ones are null.
        """
        source = f"read_parquet({literal(exactly(self.store.fetch(path, self.aside)))}, hive_partitioning = false)"
        have = {name for name, *_ in connection.execute(f"describe select * from {source}").fetchall()}
        columns = [(column.name, column.type) for column in contract.columns] + list(META_COLUMNS)
        select = ", ".join(
            f"try_cast({quoted(name)} as {type_}) as {quoted(name)}"
            if name in have
            else f"cast(null as {type_}) as {quoted(name)}"
            for name, type_ in columns
        )
        staged = self.aside / "conformed.parquet"
        connection.execute(f"copy (select {select} from {source}) to {literal(staged.as_posix())} (format parquet)")
        self.store.put({path: staged})


def path_segment(key: str) -> str:
    """The delivery key as a folder name and partition value: plain characters only, told apart by a hash when
    changed.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", key).lstrip(".") or "_"
    if plain == key and len(key) <= 120:
        return plain
    return f"{plain[:110]}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"
