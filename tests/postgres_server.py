"""Debian's PostgreSQL on the loopback interface, started for tests and gone after them."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

NO_SERVER = "PostgreSQL's server is not installed (Debian and Ubuntu: apt install postgresql)"
PASSWORD = "s3cret/of:this+server"


@dataclass(frozen=True)
class PostgresServer:
    """A server of its own. `dsn` and `connect` are the superuser's; no library of Omnivue's is asked."""

    port: int

    def dsn(self, database: str = "postgres", user: str = "owner") -> str:
        return f"postgresql://{user}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[Any, ...]]:
        return psycopg.connect(self.dsn(database), autocommit=True)


def server_binaries() -> Path | None:
    """The folder of the newest server's programs; None where none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    initdb = found[-1] if found else Path(shutil.which("initdb") or "")
    return initdb.parent if initdb.name else None


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server of its own for the block. Raises RuntimeError when there is none, or it does not start."""
    binaries = server_binaries()
    if binaries is None:
        raise RuntimeError(NO_SERVER)
    # A server refuses to be root; nobody else may read what is in its folder.
    as_whom: dict[str, Any] = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="omnivue-postgres-"))
    password = folder / "password"
    password.write_text(PASSWORD)
    log = folder / "server.log"
    for path in (folder, password):
        if as_whom:
            shutil.chown(path, "nobody", "nogroup")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    initdb = [binaries / "initdb", "-D", folder / "data", "-U", "owner", "--pwfile", password, "-A", "scram-sha-256"]
    subprocess.run(
        [*initdb, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
        **as_whom,
        cwd=folder,
        check=True,
        capture_output=True,
    )
    options = ["listen_addresses=127.0.0.1", f"port={port}", f"unix_socket_directories={folder}", "fsync=off"]
    with log.open("w") as output:
        server = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", *(word for each in options for word in ("-c", each))],
            **as_whom,
            cwd=folder,
            stdout=output,
            stderr=output,
        )
    try:
        for _ in range(300):
            try:
                PostgresServer(port).connect().close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        else:
            raise RuntimeError(f"no PostgreSQL within 30 s: {log.read_text()}")
        yield PostgresServer(port)
    finally:
        # SIGINT: leave at once, whoever is connected.
        server.send_signal(signal.SIGINT)
        server.wait()
        shutil.rmtree(folder)
