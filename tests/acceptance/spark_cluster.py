"""A real cluster on this machine: a standalone master and two workers from the pyspark distribution."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Cluster:
    """Daemons of a standalone cluster; each leads a process group of its own, executors included."""

    url: str
    folder: Path
    workers: list[subprocess.Popen[bytes]]

    def executors(self, worker: int) -> list[Path]:
        """Folders of the executors a worker has started."""
        return sorted((self.folder / f"worker{worker}").glob("app-*/*/stderr"))

    def kill(self, worker: int) -> None:
        """As when a machine loses power: the worker and its executors, without a word to anyone."""
        os.killpg(self.workers[worker].pid, signal.SIGKILL)


@contextlib.contextmanager
def spark_cluster(folder: Path) -> Iterator[Cluster]:
    """A master and two workers of one core and two gigabytes each, on loopback; their logs and work lie in `folder`."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"spark://127.0.0.1:{port}"
    master = _daemon(folder, "master", "master.Master", "--port", str(port))
    started = [master]
    try:
        wait_for(lambda: "I have been elected leader" in read_log(folder, "master"), 60, "the master did not start")
        for number in range(2):
            work = folder / f"worker{number}"
            options = ("--cores", "1", "--memory", "2g", "--work-dir", str(work), url)
            started.append(_daemon(folder, f"worker{number}", "worker.Worker", *options))
        wait_for(
            lambda: read_log(folder, "master").count("Registering worker") == 2, 60, "the workers did not register"
        )
        yield Cluster(url, folder, started[1:])
    finally:
        for daemon in started:
            if daemon.poll() is None:
                os.killpg(daemon.pid, signal.SIGKILL)
            daemon.wait()


def _daemon(folder: Path, name: str, class_: str, *options: str) -> subprocess.Popen[bytes]:
    found = importlib.util.find_spec("pyspark")
    assert found is not None
    assert found.origin is not None
    spark = Path(found.origin).parent
    command = [str(spark / "bin" / "spark-class"), f"org.apache.spark.deploy.{class_}", "--host", "127.0.0.1"]
    environment = os.environ | {
        "SPARK_HOME": str(spark),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_WORKER_DIR": str(folder),
        "PYSPARK_PYTHON": sys.executable,
    }
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            [*command, "--webui-port", "0", *options],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def read_log(folder: Path, name: str) -> str:
    return (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def wait_for(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            pytest.fail(otherwise)
        time.sleep(0.2)
