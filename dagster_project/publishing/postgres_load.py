"""The tables of a release on their way from its file into PostgreSQL: types, comments, rows, keys, statistics.

Which releases are loaded, and when, is the business of `postgres`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import duckdb

from dagster_project.publishing.manifest import Release, ReleaseTable
from dagster_project.publishing.postgres_session import PostgresError, PostgresSession
from dagster_project.publishing.releases import SCHEMA
from dagster_project.warehouse.duckdb_session import session as duckdb_session
from dagster_project.warehouse.warehouse import literal, quoted

Watch = Callable[[str, int, int], None]
_BATCH_ROWS = 100_000


def load_tables(session: PostgresSession, schema: str, release: Release, watch: Watch | None) -> None:
    """Load every table of a release into the empty `schema`, in the session's transaction. `watch` hears of each: its
    name, how many are done, how many there are. Raises PostgresError when one cannot be loaded, or when PostgreSQL
    then counts other rows than the release's manifest."""
    with duckdb_session(release.path / release.database.name, read_only=True) as source:
        for done, table in enumerate(release.tables, start=1):
            _load_table(session, source, schema, table)
            if watch is not None:
                watch(table.name, done, len(release.tables))
    _count(session, schema, release)


@dataclass(frozen=True)
class _Type:
    """How a column travels: PostgreSQL's type, what DuckDB is asked for (`{}` is the column), and the type it gets
    once it is there, where COPY cannot write that."""

    postgres: str
    asked: str = "{}"
    finally_: str | None = None


# Times are UTC without zone, as in the file: a query gives the same answer here and there.
_TYPES = {
    "BOOLEAN": _Type("boolean"),
    "TINYINT": _Type("smallint"),
    "UTINYINT": _Type("smallint"),
    "SMALLINT": _Type("smallint"),
    "USMALLINT": _Type("integer"),
    "INTEGER": _Type("integer"),
    "UINTEGER": _Type("bigint"),
    "BIGINT": _Type("bigint"),
    "UBIGINT": _Type("numeric(20, 0)", "{}::decimal(20, 0)"),
    "HUGEINT": _Type("numeric(38, 0)", "{}::decimal(38, 0)"),
    "FLOAT": _Type("real"),
    "DOUBLE": _Type("double precision"),
    "VARCHAR": _Type("text"),
    "DATE": _Type("date"),
    "TIME": _Type("time"),
    "TIMESTAMP": _Type("timestamp"),
    "TIMESTAMP WITH TIME ZONE": _Type("timestamptz"),
    "BLOB": _Type("bytea"),
    "UUID": _Type("text", "{}::varchar", "uuid"),
}


def _type_of(name: str) -> _Type:
    """Lists of plain values become arrays; what has fields or lists of lists becomes jsonb."""
    if name in _TYPES:
        return _TYPES[name]
    if name.startswith("DECIMAL("):
        return _Type(name.replace("DECIMAL", "numeric"))
    if name.startswith(("TIMESTAMP_", "ENUM(")):
        plain = "TIMESTAMP" if name.startswith("T") else "VARCHAR"
        return _Type(_TYPES[plain].postgres, f"{{}}::{plain}")
    if name.endswith("[]") and name[:-2] in _TYPES and _TYPES[name[:-2]] == _Type(_TYPES[name[:-2]].postgres):
        return _Type(f"{_TYPES[name[:-2]].postgres}[]")
    return _Type("text", "to_json({})::varchar", "jsonb")


def _load_table(session: PostgresSession, source: duckdb.DuckDBPyConnection, schema: str, table: ReleaseTable) -> None:
    """One table with its comments, rows, keys and statistics."""
    target = f"{quoted(schema)}.{quoted(table.name)}"
    origin = f"{SCHEMA}.{quoted(table.name)}"
    columns = source.execute(
        "select column_name, data_type, comment from duckdb_columns() where schema_name = ? and table_name = ? "
        "order by column_index",
        [SCHEMA, table.name],
    ).fetchall()
    types = {name: _type_of(type_) for name, type_, _ in columns}
    ((comment,),) = source.execute(
        "select comment from duckdb_tables() where schema_name = ? and table_name = ?", [SCHEMA, table.name]
    ).fetchall()
    try:
        session.do(
            [
                f"create table {target} ({', '.join(f'{quoted(name)} {t.postgres}' for name, t in types.items())})",
                f"comment on table {target} is {literal(comment or '')}",
                *(
                    f"comment on column {target}.{quoted(name)} is {literal(text)}"
                    for name, _, text in columns
                    if text is not None
                ),
            ]
        )
        asked = ", ".join(f"{t.asked.format(quoted(name))} as {quoted(name)}" for name, t in types.items())
        session.load(schema, table.name, source.execute(f"select {asked} from {origin}").to_arrow_reader(_BATCH_ROWS))
        session.do(
            [
                *(
                    f"alter table {target} alter column {quoted(name)} type {t.finally_} "
                    f"using {quoted(name)}::{t.finally_}"
                    for name, t in types.items()
                    if t.finally_ is not None
                ),
                *_keys(source, origin, target, table),
                f"analyze {target}",
            ]
        )
    except PostgresError as error:
        raise PostgresError(f"{SCHEMA}.{table.name} cannot be loaded: {error}", error.code) from None


def _keys(source: duckdb.DuckDBPyConnection, origin: str, target: str, table: ReleaseTable) -> Iterator[str]:
    """A primary key, and a unique index for each further key; one that may be NULL is no primary key."""
    is_taken = False
    for key in table.keys:
        columns = ", ".join(map(quoted, key))
        unknown = " or ".join(f"{quoted(column)} is null" for column in key)
        ((with_null,),) = source.execute(f"select count(*) from {origin} where {unknown}").fetchall()
        if with_null or is_taken:
            yield f"create unique index on {target} ({columns})"
        else:
            yield f"alter table {target} add primary key ({columns})"
            is_taken = True


def _count(session: PostgresSession, schema: str, release: Release) -> None:
    """Compare the rows of every table with the manifest's."""
    counts = " union all ".join(
        f"select {literal(table.name)}, count(*) from {quoted(schema)}.{quoted(table.name)}" for table in release.tables
    )
    there = dict(session.query(counts))
    for table in release.tables:
        if there[table.name] != table.rows:
            raise PostgresError(
                f"{SCHEMA}.{table.name} has {there[table.name]:,} rows after loading, release {release.id} says "
                f"{table.rows:,}. `omnivue releases verify {release.id}` says whether its files are whole."
            )
