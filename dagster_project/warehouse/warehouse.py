"""The warehouse: one DuckDB file that one process writes. Rooms read and write Arrow tables through it.

A connection lives as long as one call or one `with` block, so that dbt, the gate and publishing find the file free.
Which tables exist and what they mean is the business of dbt and the rooms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from dagster_project.warehouse.duckdb_session import connect


class WarehouseError(RuntimeError):
    """The warehouse cannot be used as asked; the message names the file or table and the remedy."""


class WarehouseBusy(WarehouseError):  # noqa: N818 - a state, not a mistake: exit code "busy"
    """Another process holds the warehouse file."""


@dataclass(frozen=True)
class Warehouse:
    """The warehouse file at `path`.

    DuckDB lets one process open a file twice only with equal options, so `threads` and `memory_limit` must equal
    those of any other connection that is open in this process (dbt's profile).
    """

    path: Path
    threads: int | None = None
    memory_limit: str | None = None

    @contextmanager
    def writer(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-write connection, closed at the end of the block; the file is made when it is not there."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self._open(read_only=False) as connection:
            yield connection

    @contextmanager
    def read_only(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection, closed at the end of the block: what the gate checks through."""
        if not self.path.exists():
            raise WarehouseError(f"{self.path}: there is no warehouse yet. Run `omnivue run` first.")
        with self._open(read_only=True) as connection:
            yield connection

    def read(self, query: str, parameters: Sequence[Any] = ()) -> pa.Table:
        """The result of a query; `?` in it stand for `parameters`, in order. Raises duckdb.Error when it is not
        valid."""
        with self.read_only() as connection:
            return connection.execute(query, list(parameters)).to_arrow_table()

    def table(self, schema: str, name: str) -> pa.Table:
        """A whole table or view. Raises WarehouseError when it is not there."""
        try:
            return self.read(f"select * from {quoted(schema)}.{quoted(name)}")
        except duckdb.CatalogException as error:
            known = ", ".join(self.tables(schema)) or "none"
            raise WarehouseError(f"{self.path}: no table {schema}.{name}; tables of {schema}: {known}") from error

    def tables(self, schema: str) -> list[str]:
        """Names of the tables and views of a schema, sorted; empty when the schema or the file is not there."""
        if not self.path.exists():
            return []
        found = self.read(
            "select table_name from information_schema.tables "
            "where table_catalog = current_database() and table_schema = ? order by table_name",
            [schema],
        )
        names: list[str] = found["table_name"].to_pylist()
        return names

    def write(self, schema: str, name: str, table: pa.Table) -> None:
        """Put `table` in the place of schema.name, whole or not at all; the schema is made when it is not there."""
        self.write_all(schema, {name: table})

    def write_all(self, schema: str, tables: dict[str, pa.Table]) -> None:
        """Several tables of one schema, all of them replaced or none."""
        with self.writer() as connection:
            connection.execute("begin")
            try:
                connection.execute(f"create schema if not exists {quoted(schema)}")
                for name, table in tables.items():
                    connection.register("omnivue_incoming", table)
                    connection.execute(
                        f"create or replace table {quoted(schema)}.{quoted(name)} as select * from omnivue_incoming"
                    )
                    connection.unregister("omnivue_incoming")
                connection.execute("commit")
            except BaseException:
                connection.execute("rollback")
                raise

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            connection = connect(self.path, read_only=read_only, threads=self.threads, memory_limit=self.memory_limit)
        except duckdb.Error as error:
            raise explained(error, self.path) from error
        try:
            yield connection
        finally:
            connection.close()


def explained(error: duckdb.Error, path: Path) -> WarehouseError:
    """What a failure to open `path` means, in one sentence with its remedy."""
    text = str(error)
    if isinstance(error, duckdb.IOException) and "lock" in text:
        return WarehouseBusy(
            f"{path}: another process holds this file. Close the client that has it open (BI tools read "
            "published/current instead), or wait for the other run to end."
        )
    if "different configuration" in text or "already attached" in text:
        return WarehouseError(
            f"{path}: this process has the file open already with other options; close that connection first."
        )
    return WarehouseError(
        f"{path}: cannot be opened as a DuckDB file ({text}). `omnivue clean` and `omnivue run` rebuild it."
    )


def quoted(identifier: str) -> str:
    """An SQL identifier, quoted."""
    return '"' + identifier.replace('"', '""') + '"'
