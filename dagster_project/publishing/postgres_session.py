"""Sessions on the PostgreSQL server that `OMNIVUE_POSTGRES_DSN` names: opened, closed, and their errors as sentences in
which the password never stands.

What is written there is the business of `postgres`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, unquote

import adbc_driver_manager
from adbc_driver_postgresql import dbapi

from dagster_project.settings import POSTGRES_DSN
from dagster_project.warehouse.warehouse import literal

_CONNECT_SECONDS = 10
# A role or a database may have been given others, meant for readers.
_SETTINGS = (
    "application_name = 'omnivue'",
    "client_min_messages = warning",
    "default_transaction_isolation = 'read committed'",
    "statement_timeout = 0",
    "idle_in_transaction_session_timeout = 0",
)
_PASSWORD = re.compile(r"://[^:/?#@]*:([^@]*)@|password\s*=\s*('(?:[^'\\]|\\.)*'|[^\s'&]+)")
# What libpq says of a server is told; what it says of a text it cannot read may quote a password.
_OF_A_SERVER = ("connection to server", "could not translate host name", "server closed the connection", "FATAL")


class PostgresError(RuntimeError):
    """PostgreSQL does not serve what it should; the message says why and what to do. `code` is SQLSTATE, if any."""

    def __init__(self, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def postgres_session(dsn: str) -> Iterator[PostgresSession]:
    """A session in a transaction of its own, rolled back at the end of the block unless it was committed. Raises
    PostgresError when the server cannot be reached."""
    try:
        connection = dbapi.connect(_with_timeout(dsn))
    except adbc_driver_manager.Error as error:
        # Not `from error`: a traceback would show what libpq quotes.
        raise PostgresError(f"PostgreSQL cannot be reached: {_unreachable(str(error), dsn)}") from None
    session = PostgresSession(connection)
    try:
        session.do([f"set {setting}" for setting in _SETTINGS])
        session.commit()
        yield session
    finally:
        session.close()


class PostgresSession:
    """One connection. Every method but `commit`, `rollback` and `close` may raise PostgresError."""

    def __init__(self, connection: dbapi.Connection) -> None:
        self._connection = connection

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of a SELECT."""
        with _told(), self._connection.cursor() as cursor:
            cursor.execute(sql)
            return [tuple(row) for row in cursor.fetchall()]

    def do(self, statements: Sequence[str], declare: str = "") -> None:
        """Statements without a result, in PL/pgSQL, in one trip to the server."""
        body = f"declare {declare} begin {'; '.join(statements)}; end"
        with _told(), self._connection.cursor() as cursor:
            cursor.execute(f"do {literal(body)}")

    def load(self, schema: str, table: str, rows: Any) -> None:
        """Append `rows` (a pyarrow.RecordBatchReader whose types are the table's) by binary COPY."""
        with _told(), self._connection.cursor() as cursor:
            cursor.adbc_ingest(table, rows, mode="append", db_schema_name=schema)

    def commit(self) -> None:
        with _told():
            self._connection.commit()

    def rollback(self) -> None:
        with _told():
            self._connection.rollback()

    def close(self) -> None:
        self._connection.close()


@contextmanager
def _told() -> Iterator[None]:
    """Errors of the server as what it said first, with its detail."""
    try:
        yield
    except adbc_driver_manager.Error as error:
        said = {_text(name): " ".join(_text(value).split()) for name, value in error.details or []}
        message = said.get("PG_DIAG_MESSAGE_PRIMARY") or " ".join(str(error).split("Query was")[0].split())
        detail = said.get("PG_DIAG_MESSAGE_DETAIL")
        raise PostgresError(f"{message}. {detail}" if detail else message, error.sqlstate) from None


def _text(value: str | bytes) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else value


def _with_timeout(dsn: str) -> str:
    """The DSN, with a limit to the time a connection may take where it sets none."""
    if "connect_timeout" in dsn:
        return dsn
    if "://" in dsn:
        return f"{dsn}{'&' if '?' in dsn else '?'}connect_timeout={_CONNECT_SECONDS}"
    return f"{dsn} connect_timeout={_CONNECT_SECONDS}"


def _unreachable(message: str, dsn: str) -> str:
    if not any(known in message for known in _OF_A_SERVER):
        return f"libpq cannot read {POSTGRES_DSN}; expected postgresql://user:password@host:5432/database"
    said = " ".join(message.split("libpq] Failed to connect: ")[-1].split())
    for found in _PASSWORD.findall(dsn):
        for secret in filter(None, {part for text in found for part in (text, unquote(text), quote(text))}):
            said = said.replace(secret, "***")
    return said
