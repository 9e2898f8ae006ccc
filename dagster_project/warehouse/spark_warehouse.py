"""The warehouse on Spark: a folder (or object storage) of Parquet tables, and a catalogue that knows them.

A table is replaced by dropping it and writing it anew. A run that is killed in between is repaired by the next one,
and no reader is touched: BI reads releases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import duckdb
import pyarrow as pa

from dagster_project.settings import Spark
from dagster_project.warehouse.duckdb_session import session as duckdb_session
from dagster_project.warehouse.spark_session import spark_session
from dagster_project.warehouse.warehouse import (
    RawTable,
    WarehouseError,
    exactly,
    literal,
    load_plan,
    partitioned,
    quoted,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_LOADED = "omnivue.loaded"


@dataclass(frozen=True)
class SparkWarehouse:
    """Tables below `folder`; follows `warehouse.Warehouse`. The session is started by the first call that needs it."""

    folder: Path
    settings: Spark

    @property
    def session(self) -> SparkSession:
        return spark_session(self.folder, self.settings)

    @property
    def dbt_target(self) -> str:
        return "spark"

    def start(self) -> None:
        """dbt finds the process's session and uses it."""
        _ = self.session

    def let_go(self) -> None:
        """Nothing is held, but dbt-spark turns off the ANSI mode of the session it shares with the rooms."""
        self.session.conf.set("spark.sql.ansi.enabled", "true")

    def tables(self, schema: str) -> list[str]:
        if not self.session.catalog.databaseExists(schema):
            return []
        rows = self.session.sql(f"show tables in {_name(schema)}").collect()
        return sorted(str(row["tableName"]) for row in rows if not row["isTemporary"])

    def table(self, schema: str, name: str) -> pa.Table:
        with duckdb_session() as connection:
            self._expose(connection, "source", schema, [name])
            return connection.execute(f"select * from source.{quoted(schema)}.{quoted(name)}").to_arrow_table()

    def rows(self, tables: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Counted by DuckDB from the files' footers."""
        counts: dict[tuple[str, str], int] = {}
        with duckdb_session() as connection:
            for schema, name in tables:
                if self._is_table(schema, name):
                    self._expose(connection, "source", schema, [name])
                    query = f"select count(*) from source.{quoted(schema)}.{quoted(name)}"
                    counts[schema, name] = int(connection.execute(query).fetchall()[0][0])
        return counts

    def write_all(self, schema: str, tables: Mapping[str, pa.Table]) -> None:
        """One after the other; a table that fails leaves those before it replaced."""
        self.session.sql(f"create schema if not exists {_name(schema)}")
        for name, table in tables.items():
            target = f"{_name(schema)}.{_name(name)}"
            self.session.sql(f"drop table if exists {target}")
            self.session.createDataFrame(table).write.format("parquet").saveAsTable(target)

    def replace_rows(self, schema: str, tables: Mapping[str, pa.Table], keys: pa.Table) -> None:
        """Each table is written anew, one after the other: Parquet knows no other way."""
        columns = ", ".join(map(quoted, keys.column_names))
        for name, rows in tables.items():
            with duckdb_session() as connection:
                self._expose(connection, "source", schema, [name])
                connection.register("omnivue_keys", keys)
                connection.register("omnivue_incoming", rows)
                whole = connection.execute(
                    f"""
                    select * from source.{quoted(schema)}.{quoted(name)}
                    where ({columns}) not in (select {columns} from omnivue_keys)
                    union all by name
                    select * from omnivue_incoming
                    """
                ).to_arrow_table()
            self.write_all(schema, {name: whole})

    def load(self, table: RawTable) -> frozenset[str]:
        """Month by month as partitions. What a table was loaded from stands among its properties, written last."""
        from pyspark.sql import functions

        name = f"raw.{_name(table.extract)}"
        self.session.sql("create schema if not exists raw")
        plan = load_plan(table, self._memory(name))
        if not plan.is_whole and not plan.stale:
            return plan.stale
        # The folder of the empty day gives the columns where nothing was delivered.
        days = "*" if plan.is_whole else "{" + ",".join(["1970-01-01", *(f"{m}-*" for m in sorted(plan.stale))]) + "}"
        folder = _hadoop_uri(table.folder)
        rows = (
            self.session.read.option("basePath", folder)
            .parquet(f"{folder}/ds={days}")
            .withColumn("ds", functions.col("ds").cast("date"))
            .withColumn("delivery", functions.col("delivery").cast("string"))
            .withColumn("ds_month", functions.trunc("ds", "month"))
            .hint("rebalance", "ds_month")
        )
        if plan.is_whole:
            # Earlier versions read the lake through views.
            is_view = self.session.catalog.tableExists(name) and not self._is_table("raw", table.extract)
            self.session.sql(f"drop {'view' if is_view else 'table'} if exists {name}")
            rows.write.format("parquet").partitionBy("ds_month").saveAsTable(name)
        else:
            # Dropped first: overwriting would keep a month of which no row is left.
            months = ", ".join(f"partition (ds_month = date '{month}-01')" for month in sorted(plan.stale))
            self.session.sql(f"alter table {name} drop if exists {months}")
            rows.write.insertInto(name)
        self.session.sql(f"alter table {name} set tblproperties ('{_LOADED}' = {literal(plan.memory)})")
        return plan.stale

    def _memory(self, name: str) -> str | None:
        if not self.session.catalog.tableExists(name):
            return None
        found = self.session.sql(f"show tblproperties {name}").collect()
        return next((str(row["value"]) for row in found if row["key"] == _LOADED), None)

    def attach(
        self, connection: duckdb.DuckDBPyConnection, alias: str, schema: str, tables: Sequence[str] | None = None
    ) -> None:
        """Views over the tables' files: rows stream from Parquet, and never through the driver."""
        self._expose(connection, alias, schema, self.tables(schema) if tables is None else tables)

    def judged(self) -> SparkSession:
        return self.session

    def _is_table(self, schema: str, name: str) -> bool:
        catalog = self.session.catalog
        full = f"{_name(schema)}.{_name(name)}"
        return bool(catalog.tableExists(full)) and catalog.getTable(full).tableType != "VIEW"

    def _expose(self, connection: duckdb.DuckDBPyConnection, alias: str, schema: str, tables: Sequence[str]) -> None:
        """Make tables of Spark views of a DuckDB session, with their columns in order and DuckDB's names of their
        types."""
        attached = {name for (name,) in connection.execute("select database_name from duckdb_databases()").fetchall()}
        if alias not in attached:
            connection.execute(f"attach ':memory:' as {quoted(alias)}")
        connection.execute(f"create schema if not exists {quoted(alias)}.{quoted(schema)}")
        for name in tables:
            full = f"{_name(schema)}.{_name(name)}"
            if not self.session.catalog.tableExists(full):
                known = ", ".join(self.tables(schema)) or "none"
                raise WarehouseError(f"{self.folder}: no table {schema}.{name}; tables of {schema}: {known}")
            frame = self.session.table(full)
            columns = {field.name: _duckdb_type(field.dataType) for field in frame.schema.fields}
            folders = [column.name for column in self.session.catalog.listColumns(full) if column.isPartition]
            files = sorted(_readable(uri) for uri in frame.inputFiles())
            source = _select(columns, folders, files)
            connection.execute(f"create or replace view {quoted(alias)}.{quoted(schema)}.{quoted(name)} as {source}")


def _select(columns: Mapping[str, str], folders: Sequence[str], files: Sequence[str]) -> str:
    """The rows of these files with these columns, by their types; those in `folders` are in the paths."""
    if not files:
        nothing = ", ".join(f"cast(null as {type_}) as {quoted(name)}" for name, type_ in columns.items())
        return f"select {nothing} where false"
    listed = ", ".join(literal(exactly(file)) for file in files)
    typed = ", ".join(f"cast({quoted(name)} as {type_}) as {quoted(name)}" for name, type_ in columns.items())
    return f"select {typed} from ({partitioned(f'[{listed}]', {name: columns[name] for name in folders})})"


_TYPES = {"string": "varchar", "int": "integer", "float": "real", "timestamp_ntz": "timestamp", "binary": "blob"}


def _duckdb_type(type_: Any) -> str:
    """DuckDB's name of a Spark type. Spark's timestamps are moments; the session is UTC, so they are plain ones."""
    from pyspark.sql.types import ArrayType, MapType, StructType

    if isinstance(type_, ArrayType):
        return f"{_duckdb_type(type_.elementType)}[]"
    if isinstance(type_, MapType):
        return f"map({_duckdb_type(type_.keyType)}, {_duckdb_type(type_.valueType)})"
    if isinstance(type_, StructType):
        fields = ", ".join(f"{quoted(field.name)} {_duckdb_type(field.dataType)}" for field in type_.fields)
        return f"struct({fields})"
    name = str(type_.simpleString())
    return _TYPES.get(name, name)


def _readable(uri: str) -> str:
    """A file as DuckDB opens it: a path for local files, s3:// for Hadoop's s3a://."""
    parts = urlparse(uri)
    if parts.scheme in ("", "file"):
        return unquote(parts.path)
    return uri.replace("s3a://", "s3://", 1)


def _hadoop_uri(folder: str) -> str:
    """The opposite: a folder as Spark opens it."""
    return folder.replace("s3://", "s3a://", 1)


def _name(identifier: str) -> str:
    """A Spark identifier, quoted."""
    return "`" + identifier.replace("`", "``") + "`"
