"""Reading what was published, for the acceptance tests."""

from __future__ import annotations

from pathlib import Path

import duckdb


def marts(home: Path) -> duckdb.DuckDBPyConnection:
    """The published file as a BI tool opens it."""
    session = duckdb.connect(str(home / "published" / "current" / "omnivue.duckdb"), read_only=True)
    session.execute("use marts")
    return session


def fingerprints(home: Path, *, without: frozenset[str] = frozenset()) -> dict[str, tuple[int, int]]:
    """Rows and an order-free hash of all cells of each published table."""
    with marts(home) as session:
        tables = [name for (name,) in session.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        return {
            table: session.execute(
                f"select count(*), coalesce(bit_xor(hash(source)), 0) from {table} as source"
            ).fetchone()
            for table in tables
            if table not in without
        }
