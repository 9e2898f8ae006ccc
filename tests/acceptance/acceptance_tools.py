"""Reading what was published, for the acceptance tests."""

from __future__ import annotations

from pathlib import Path

import duckdb


def marts(home: Path) -> duckdb.DuckDBPyConnection:
    """The published file as a BI tool opens it."""
    session = duckdb.connect(str(home / "published" / "current" / "omnivue.duckdb"), read_only=True)
    session.execute("use marts")
    return session


def fingerprints(
    home: Path, *, without: frozenset[str] = frozenset(), decimals: int | None = None
) -> dict[str, tuple[int, int]]:
    """Rows and an order-free hash of all cells of each published table. `decimals`: doubles are rounded to so many,
    where two engines made them; None: to the last bit."""
    with marts(home) as session:
        tables = [name for (name,) in session.execute("select table_name from duckdb_tables() order by 1").fetchall()]
        return {
            table: session.execute(
                "select count(*), coalesce(bit_xor(hash(source)), 0) "
                f"from {_rounded(session, table, decimals)} as source"
            ).fetchone()
            for table in tables
            if table not in without
        }


def _rounded(session: duckdb.DuckDBPyConnection, table: str, decimals: int | None) -> str:
    doubles = [name for name, type_, *_ in session.execute(f"describe {table}").fetchall() if type_ == "DOUBLE"]
    if decimals is None or not doubles:
        return table
    replaced = ", ".join(f'round("{name}", {decimals}) as "{name}"' for name in doubles)
    return f"(select * replace ({replaced}) from {table})"
