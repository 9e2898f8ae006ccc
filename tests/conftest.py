"""Helpers of every test: running the command as a user does, an object store and a PostgreSQL on this machine."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import psycopg
import pytest
from hypothesis import HealthCheck, settings

from tests.postgres_server import NO_SERVER, PostgresServer, running_server, server_binaries

# Spark lives for minutes here: compiling its code twice, and collecting garbage on threads, costs more than it gives.
os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")

# Whatever this machine serves its releases with, tests do not.
os.environ.pop("OMNIVUE_POSTGRES_DSN", None)
# Nor is anybody told of them.
for _name in ("OMNIVUE_ALERT_WEBHOOK", "OMNIVUE_SMTP_USER", "OMNIVUE_SMTP_PASSWORD"):
    os.environ.pop(_name, None)

# How fast examples are drawn says what else the machine does.
settings.register_profile("omnivue", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("omnivue")

Omnivue = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def omnivue() -> Omnivue:
    """Run `omnivue ARGUMENTS` in a process of its own with OMNIVUE_HOME = `home`; `expect` is the exit code."""

    def run(
        *arguments: str, home: Path, expect: int | None = 0, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"OMNIVUE_HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1"}
        command = [str(Path(sys.executable).with_name("omnivue")), *arguments]
        done = subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)
        if expect is not None and done.returncode != expect:
            pytest.fail(
                f"omnivue {' '.join(arguments)} exited {done.returncode}, expected {expect}\n"
                f"{done.stdout[-6000:]}\n{done.stderr[-6000:]}"
            )
        return done

    return run


@dataclass(frozen=True)
class ObjectStore:
    """Buckets as any client sees them. No library of Omnivue's is asked."""

    endpoint: str

    def make(self, bucket: str) -> None:
        self._ask(bucket, method="PUT")

    def objects(self, bucket: str, prefix: str = "") -> dict[str, bytes]:
        """Contents by key, without empty markers of folders. At most a thousand are listed."""
        listed = ElementTree.fromstring(self._ask(f"{bucket}?list-type=2&prefix={quote(prefix)}"))
        keys = [str(element.text) for element in listed.iter() if element.tag.endswith("}Key")]
        return {key: self._ask(f"{bucket}/{quote(key)}") for key in keys if not key.endswith("/")}

    def put(self, bucket: str, key: str, content: bytes) -> None:
        self._ask(f"{bucket}/{quote(key)}", content, "PUT")

    def _ask(self, what: str, content: bytes | None = None, method: str = "GET") -> bytes:
        # The server asks who it is, and takes any signature.
        signed = "AWS4-HMAC-SHA256 Credential=someone/20260101/us-east-1/s3/aws4_request"
        headers = {"Authorization": signed, "Content-Type": "application/octet-stream"}
        request = urllib.request.Request(f"{self.endpoint}/{what}", content, headers, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return bytes(answer.read())


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ObjectStore]:
    """An S3 of its own on the loopback interface. Tests share it: each makes its bucket."""
    log = tmp_path_factory.mktemp("s3") / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"], stdout=output, stderr=output
        )
    try:
        for _ in range(300):
            if found := re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text()):
                break
            time.sleep(0.1)
        else:
            pytest.fail(f"no S3 within 30 s: {log.read_text()}")
        yield ObjectStore(found[1])
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The only ones, whatever this machine has: in the environment, as AWS's tools take them."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)


@pytest.fixture
def bucket(s3: ObjectStore, credentials: None, tmp_path: Path) -> str:
    """A new bucket, named after the test."""
    name = f"lake-{tmp_path.name.replace('_', '-').lower()}"
    s3.make(name)
    return name


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Debian's PostgreSQL on the loopback interface. Tests share it: each makes its database."""
    if server_binaries() is None:
        if os.environ.get("CI"):
            pytest.fail(NO_SERVER)
        pytest.skip(NO_SERVER)
    with running_server() as server:
        yield server


@dataclass(frozen=True)
class Database:
    """An empty database, as its owner: `dsn` for the code that is tested, `connect` to look at what it did."""

    server: PostgresServer
    name: str

    @property
    def dsn(self) -> str:
        return self.server.dsn(self.name)

    def connect(self) -> psycopg.Connection[tuple[Any, ...]]:
        return self.server.connect(self.name)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with self.connect() as connection:
            return connection.execute(sql.encode()).fetchall()


@pytest.fixture
def database(postgres_server: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A new database, which OMNIVUE_POSTGRES_DSN names."""
    name = f"shop_{uuid.uuid4().hex[:12]}"
    with postgres_server.connect() as connection:
        connection.execute(f"create database {name} encoding 'UTF8' template template0".encode())
    monkeypatch.setenv("OMNIVUE_POSTGRES_DSN", postgres_server.dsn(name))
    yield Database(postgres_server, name)
    with postgres_server.connect() as connection:
        connection.execute(f"drop database {name} with (force)".encode())
        connection.execute(b"drop role if exists omnivue_reader")
