"""What every engine offers the rooms: Arrow tables in and out, and a way for publishing and the gate to read in place.

Which tables exist and what they mean is the business of dbt and the rooms; how an engine keeps them is that of the
classes that follow this protocol.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa


class WarehouseError(RuntimeError):
    """The warehouse cannot be used as asked; the message names the file or table and the remedy."""


class WarehouseBusy(WarehouseError):  # noqa: N818 - a state, not a mistake: exit code "busy"
    """Another process holds the warehouse."""


@dataclass(frozen=True)
class RawTable:
    """What the lake holds of one extract. `folder`, a path or URI, has the rows, in
    `ds=<business date>/delivery=<key>/*.parquet`; `layout` changes with the columns; `months` gives, by month of
    business date (2026-10), a digest that changes with the deliveries of that month."""

    extract: str
    folder: str
    layout: str
    months: Mapping[str, str]


class Warehouse(Protocol):
    """Tables in schemas, of one OMNIVUE_HOME. One process at a time writes."""

    @property
    def dbt_target(self) -> str:
        """The output of `dbt/profiles.yml` that builds in this warehouse."""

    def start(self) -> None:
        """Be ready for dbt, which shares this process. Repeating it changes nothing."""

    def let_go(self) -> None:
        """Free what dbt keeps open in this process, so that others can read and write."""

    def tables(self, schema: str) -> list[str]:
        """Names of the tables and views of a schema, sorted; empty when the schema is not there."""

    def table(self, schema: str, name: str) -> pa.Table:
        """A whole table or view, timestamps in UTC without zone. Raises WarehouseError when it is not there."""

    def rows(self, tables: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Rows of the given (schema, table) pairs, from what the engine keeps about them; views are left out."""

    def write_all(self, schema: str, tables: Mapping[str, pa.Table]) -> None:
        """Put `tables` in the place of the schema's tables of these names; the schema is made when it is not there."""

    def replace_rows(self, schema: str, tables: Mapping[str, pa.Table], keys: pa.Table) -> None:
        """In each of the schema's tables of these names, put the given rows in the place of those that equal a row of
        `keys` in its columns."""

    def load(self, table: RawTable) -> frozenset[str]:
        """Make `raw.<extract>` hold the lake's rows, with `ds`, `delivery` and `ds_month` (first day of the month of
        `ds`). Months whose digest is the one they were loaded with stay as they are; returns the others. Repeating a
        load that was cut off mends it."""

    def attach(
        self, connection: duckdb.DuckDBPyConnection, alias: str, schema: str, tables: Sequence[str] | None = None
    ) -> None:
        """Make the tables of `schema` readable as `alias.schema.table` in a DuckDB session, these at least; further
        schemas may follow under the same alias. Raises WarehouseError when there is no warehouse."""

    def judged(self) -> Any:
        """What the gate's suites run on: see `data_quality.runner.run_stage`."""


def quoted(identifier: str) -> str:
    """An SQL identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: object) -> str:
    """An SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"


def exactly(path: str | Path) -> str:
    """A path for DuckDB's readers, which take `*`, `?` and `[` in it for wildcards unless they stand in brackets."""
    return re.sub(r"([*?[])", r"[\1]", path if isinstance(path, str) else path.as_posix())


def partitioned(files: str, columns: Mapping[str, str]) -> str:
    """SQL over Parquet files (a literal, or a list of literals) in folders `name=value`: `columns` are the names that
    count, by their DuckDB types. A folder above them may be named alike, for example a home below `env=production`;
    DuckDB's own reading of such names would take it for a column, over one of the files'."""
    values = ", ".join(
        "cast(nullif(url_decode(regexp_extract(_omnivue_file, "
        f"{literal(f'.*/{name}=([^/]*)/')}, 1)), '__HIVE_DEFAULT_PARTITION__') as {type_}) as {quoted(name)}"
        for name, type_ in columns.items()
    )
    return (
        f"select * exclude (_omnivue_file){', ' if values else ''}{values} "
        f"from read_parquet({files}, hive_partitioning = false, filename = '_omnivue_file')"
    )


@dataclass(frozen=True)
class LoadPlan:
    """What to do for `raw.<extract>`: everything anew when `is_whole`, else the months of `stale`. `memory` is the text
    that a table carries once it is done."""

    is_whole: bool
    stale: frozenset[str]
    memory: str


def load_plan(table: RawTable, memory: str | None) -> LoadPlan:
    """The plan that brings a table with this memory (None: no such table) to what the lake holds now."""
    known = json.loads(memory) if memory else {}
    is_whole = known.get("layout") != table.layout
    before = {} if is_whole else known["months"]
    stale = {month for month in {*before, *table.months} if before.get(month) != table.months.get(month)}
    now = json.dumps({"layout": table.layout, "months": dict(table.months)}, sort_keys=True)
    return LoadPlan(is_whole, frozenset(stale), now)
