"""The warehouse on DuckDB: one file that one process writes.

A connection lives as long as one call or one `with` block, so that dbt, the gate and publishing find the file free.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from dagster_project.warehouse.duckdb_session import connect
from dagster_project.warehouse.machine import is_denied, is_disk_full
from dagster_project.warehouse.warehouse import (
    RawTable,
    WarehouseBusy,
    WarehouseError,
    exactly,
    literal,
    load_plan,
    partitioned,
    quoted,
)


@dataclass(frozen=True)
class DuckDBWarehouse:
    """The warehouse file at `path`; follows `warehouse.Warehouse`. `lake_setup` is the SQL after which a session reads
    the lake."""

    path: Path
    lake_setup: str = ""

    @property
    def dbt_target(self) -> str:
        return "duckdb"

    def start(self) -> None:
        """Nothing to start: the file is opened when it is used."""

    def let_go(self) -> None:
        """Close the connections that dbt keeps for the life of the process."""
        from dbt.adapters.duckdb.connections import DuckDBConnectionManager

        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]

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

    def write_all(self, schema: str, tables: Mapping[str, pa.Table]) -> None:
        """All of them are replaced, or none."""
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

    def replace_rows(self, schema: str, tables: Mapping[str, pa.Table], keys: pa.Table) -> None:
        """In all of them, or in none."""
        columns = ", ".join(map(quoted, keys.column_names))
        with self.writer() as connection:
            connection.register("omnivue_keys", keys)
            connection.execute("begin")
            for name, rows in tables.items():
                target = f"{quoted(schema)}.{quoted(name)}"
                connection.execute(f"delete from {target} where ({columns}) in (select {columns} from omnivue_keys)")
                connection.register("omnivue_incoming", rows)
                connection.execute(f"insert into {target} by name select * from omnivue_incoming")
                connection.unregister("omnivue_incoming")
            connection.execute("commit")

    def rows(self, tables: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """From the catalogue: no table is read."""
        found = self.read("select schema_name, table_name, estimated_size from duckdb_tables()").to_pylist()
        sizes = {(row["schema_name"], row["table_name"]): int(row["estimated_size"]) for row in found}
        return {table: sizes[table] for table in tables if table in sizes}

    def load(self, table: RawTable) -> frozenset[str]:
        """In one transaction. What a table was loaded from stands in its comment, and goes with it."""
        name = f"raw.{quoted(table.extract)}"
        with self.writer() as connection:
            connection.execute("create schema if not exists raw")
            found = connection.execute(
                "select comment from duckdb_tables() where schema_name = 'raw' and table_name = ?", [table.extract]
            ).fetchall()
            plan = load_plan(table, found[0][0] if found else None)
            if not plan.is_whole and not plan.stale:
                return plan.stale
            connection.execute(self.lake_setup)
            connection.execute("begin")
            if plan.is_whole:
                if not found:  # Earlier versions read the lake through views.
                    connection.execute(f"drop view if exists {name}")
                files = literal(f"{exactly(table.folder)}/*/*/*.parquet")
                connection.execute(f"create or replace table {name} as {_landed(files)}")
            else:
                months = ", ".join(f"date '{month}-01'" for month in sorted(plan.stale))
                connection.execute(f"delete from {name} where ds_month in ({months})")
                globs = [literal(f"{exactly(table.folder)}/ds={month}-*/*/*.parquet") for month in sorted(plan.stale)]
                listed = " union all ".join(f"select file from glob({glob})" for glob in globs)
                files = ", ".join(literal(exactly(file)) for (file,) in connection.execute(listed).fetchall())
                if files:
                    connection.execute(f"insert into {name} by name {_landed(f'[{files}]')}")
            connection.execute(f"comment on table {name} is {literal(plan.memory)}")
            connection.execute("commit")
        return plan.stale

    def attach(
        self, connection: duckdb.DuckDBPyConnection, alias: str, schema: str, tables: Sequence[str] | None = None
    ) -> None:
        """The whole file, read-only, whichever the tables."""
        if not self.path.exists():
            raise WarehouseError(f"{self.path}: there is no warehouse yet. Run `omnivue run` first.")
        if (alias,) in connection.execute("select database_name from duckdb_databases()").fetchall():
            return
        try:
            connection.execute(f"attach {literal(self.path)} as {quoted(alias)} (read_only)")
        except duckdb.Error as error:
            raise explained(error, self.path) from error

    def judged(self) -> Path:
        return self.path

    @contextmanager
    def _open(self, *, read_only: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            connection = connect(self.path, read_only=read_only)
        except duckdb.Error as error:
            raise explained(error, self.path) from error
        try:
            yield connection
        finally:
            connection.close()


def _landed(files: str) -> str:
    rows = partitioned(files, {"delivery": "varchar", "ds": "date"})
    return f"select *, cast(date_trunc('month', ds) as date) as ds_month from ({rows})"


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
    if is_disk_full(error) or is_denied(error):
        # What is there is sound.
        return WarehouseError(f"{path}: {text}")
    return WarehouseError(
        f"{path}: cannot be opened as a DuckDB file ({text}). `omnivue clean` and `omnivue run` rebuild it."
    )
