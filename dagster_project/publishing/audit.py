"""The last look before a release is published: its closed files, opened as readers will open them.

The gate judged the warehouse; this says that what was written is what was judged. What the data should be like is no
business of this module.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.publishing.manifest import DATABASE, ReleaseError
from dagster_project.warehouse.duckdb_session import session
from dagster_project.warehouse.warehouse import exactly, literal, quoted


@dataclass(frozen=True)
class Expected:
    """A table as the warehouse holds it: columns as (name, type), rows, an order-free digest of all cells, and the
    columns of each key that no two rows may share."""

    columns: tuple[tuple[str, str], ...]
    rows: int
    content: int
    keys: tuple[tuple[str, ...], ...] = ()


def expected(connection: duckdb.DuckDBPyConnection, table: str, keys: tuple[tuple[str, ...], ...] = ()) -> Expected:
    """What to expect of a copy of `table` (a quoted name)."""
    columns = tuple((name, type_) for name, type_, *_ in connection.execute(f"describe {table}").fetchall())
    rows, content = connection.execute(
        f"select count(*), coalesce(sum(hash(source)), 0) from {table} as source"
    ).fetchall()[0]
    return Expected(columns, int(rows), int(content), keys)


def audit(folder: Path, schema: str, tables: Mapping[str, Expected]) -> dict[str, int]:
    """Compare the database in `folder`, and the Parquet files beside it, with what the warehouse holds. Returns by
    check the number of tables that passed it: columns, rows, content, keys (those that have one), parquet. Raises
    ReleaseError naming the first that did not."""
    passed = dict.fromkeys(("columns", "rows", "content", "keys", "parquet"), 0)
    try:
        with session(folder / DATABASE, read_only=True) as connection:
            there = connection.execute(
                "select schema_name || '.' || table_name from duckdb_tables() order by 1"
            ).fetchall()
            _check(DATABASE, "tables", [name for (name,) in there], sorted(f"{schema}.{name}" for name in tables))
            for name, wanted in tables.items():
                served = expected(connection, f"{quoted(schema)}.{quoted(name)}")
                _check(name, "columns", served.columns, wanted.columns)
                _check(name, "rows", served.rows, wanted.rows)
                _check(name, "digest of all cells", served.content, wanted.content)
                for key in wanted.keys:
                    _check(f"{name} by {', '.join(key)}", "repeated keys", _repeated(connection, schema, name, key), 0)
                file = f"read_parquet({literal(exactly(folder / f'{name}.parquet'))}, hive_partitioning = false)"
                columns = [column for column, *_ in connection.execute(f"describe from {file}").fetchall()]
                _check(f"{name}.parquet", "columns", columns, [column for column, _ in wanted.columns])
                (rows,) = connection.execute(f"select count(*) from {file}").fetchall()[0]
                _check(f"{name}.parquet", "rows", rows, wanted.rows)
                for check in passed:
                    passed[check] += check != "keys" or bool(wanted.keys)
    except duckdb.Error as error:
        raise ReleaseError(f"the release cannot be read as it would be served: {error}. Run again.") from error
    return passed


def _repeated(connection: duckdb.DuckDBPyConnection, schema: str, table: str, key: tuple[str, ...]) -> int:
    columns = ", ".join(map(quoted, key))
    known = " and ".join(f"{quoted(column)} is not null" for column in key)
    (count,) = connection.execute(
        f"select count(*) from (select 1 from {quoted(schema)}.{quoted(table)} where {known} "
        f"group by {columns} having count(*) > 1)"
    ).fetchall()[0]
    return int(count)


def _check(what: str, measure: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise ReleaseError(
            f"the release is not published: {what} has {measure} {found}, the warehouse says {wanted}. Run again; if "
            "it stays so, the disk or the machine's memory is at fault."
        )
