"""The private in-memory database that matching works in, whatever engine keeps the warehouse: Splink compares records
by SQL. It goes when matching is done."""

from __future__ import annotations

import duckdb

ENGINE_VERSION = f"duckdb {duckdb.__version__}"
Scratch = duckdb.DuckDBPyConnection


def open_scratch() -> Scratch:
    """An empty database of this process's own."""
    return duckdb.connect()
