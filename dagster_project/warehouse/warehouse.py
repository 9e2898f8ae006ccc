"""What every engine offers the rooms: Arrow tables in and out, and a way for publishing and the gate to read in place.

Which tables exist and what they mean is the business of dbt and the rooms; how an engine keeps them is that of the
classes that follow this protocol.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import duckdb
import pyarrow as pa


class WarehouseError(RuntimeError):
    """The warehouse cannot be used as asked; the message names the file or table and the remedy."""


class WarehouseBusy(WarehouseError):  # noqa: N818 - a state, not a mistake: exit code "busy"
    """Another process holds the warehouse."""


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

    def attach(self, connection: duckdb.DuckDBPyConnection, alias: str, schema: str) -> None:
        """Make the tables of `schema` readable as `alias.schema.table` in a DuckDB session. Raises WarehouseError
        when there is no warehouse."""

    def judged(self) -> Any:
        """What the gate's suites run on: see `data_quality.runner.run_stage`."""

    def judged_landing(self, raw: Path, extracts: Iterable[str], deliveries: pa.Table) -> AbstractContextManager[Any]:
        """The same for the landing suites: the lake's extracts as schema `raw`, and `pipeline.deliveries`. An extract
        without a folder below `raw` is left out. Nothing is copied."""


def quoted(identifier: str) -> str:
    """An SQL identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(value: object) -> str:
    """An SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"
