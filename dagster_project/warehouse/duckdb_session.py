"""DuckDB sessions: one way to open a database, with the extension that reads other encodings when it is needed.

Nothing here knows tables; settings that every session shares (UTC, no progress bar, bounded memory) do belong here.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from dagster_project.warehouse.warehouse import literal


class ExtensionError(RuntimeError):
    """A DuckDB extension that can neither be loaded nor installed; the message names it and the remedy."""


def connect(
    path: Path | None = None,
    *,
    read_only: bool = False,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_directory: Path | None = None,
) -> duckdb.DuckDBPyConnection:
    """A session on the database file `path`, or in memory.

    Times are UTC whatever the machine's zone. `memory_limit` as DuckDB writes it ("2GB"); beyond it data spills to
    `temp_directory`. Raises duckdb.IOException when another process holds the file.
    """
    config: dict[str, str | bool | int | float | list[str]] = {}
    if threads is not None:
        config["threads"] = threads
    if memory_limit is not None:
        config["memory_limit"] = memory_limit
    if temp_directory is not None:
        config["temp_directory"] = str(temp_directory)
    connection = duckdb.connect(":memory:" if path is None else str(path), read_only=read_only, config=config)
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")
    return connection


@contextmanager
def session(
    path: Path | None = None,
    *,
    read_only: bool = False,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_directory: Path | None = None,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """`connect`, closed at the end of the block."""
    connection = connect(
        path, read_only=read_only, threads=threads, memory_limit=memory_limit, temp_directory=temp_directory
    )
    try:
        yield connection
    finally:
        connection.close()


def load_encodings(connection: duckdb.DuckDBPyConnection) -> None:
    """Teach the session encodings beyond UTF-8, UTF-16 and Latin-1 (cp1252 among them).

    Raises ExtensionError when the extension can neither be loaded nor installed.
    """
    try:
        connection.execute(load_sql("encodings"))
    except duckdb.Error as error:
        raise ExtensionError(
            f"DuckDB {duckdb.__version__} cannot load its extension 'encodings', which reads cp1252 files: {error}. "
            f"Install duckdb-extension-encodings=={duckdb.__version__}, or let DuckDB reach the internet once."
        ) from error


def load_sql(extension: str) -> str:
    """The SQL that loads an extension: from the package `duckdb-extension-<name>`, or, when that is absent or made for
    another version, DuckDB's own copy, which it fetches once from the internet."""
    spec = importlib.util.find_spec(f"duckdb_extension_{extension}")
    if spec is not None and spec.origin is not None:
        folder = Path(spec.origin).parent / "extensions" / f"v{duckdb.__version__}"
        file = folder / f"{extension}.duckdb_extension"
        if file.exists():
            return f"load {literal(file.as_posix())}"
    return f"install {extension}; load {extension}"
