"""A real cluster: a standalone master and two workers from the pyspark distribution, on loopback. One worker is killed
in the middle of the job, with all it had computed; the marts are those of DuckDB."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from acceptance_tools import fingerprints

from dagster_project.warehouse.spark_session import missing

pytestmark = [pytest.mark.slow, pytest.mark.skipif(missing() is not None, reason=str(missing()))]

SIZE = ("--customers", "200", "--months", "3", "--seed", "5")
# These say which run made them.
OF_THE_RUN = frozenset({"release_info"})
# The killed worker has staged extracts by then, and the facts that read them are being built.
MIDDLE = "intermediate.db/int_orders"


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


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"spark://127.0.0.1:{port}"
    master = _daemon(tmp_path, "master", "master.Master", "--port", str(port))
    started = [master]
    try:
        _wait(lambda: "I have been elected leader" in _log(tmp_path, "master"), 60, "the master did not start")
        for number in range(2):
            folder = tmp_path / f"worker{number}"
            options = ("--cores", "1", "--memory", "2g", "--work-dir", str(folder), url)
            started.append(_daemon(tmp_path, f"worker{number}", "worker.Worker", *options))
        _wait(lambda: _log(tmp_path, "master").count("Registering worker") == 2, 60, "the workers did not register")
        yield Cluster(url, tmp_path, started[1:])
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


def _log(folder: Path, name: str) -> str:
    return (folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def _wait(condition: Callable[[], bool], seconds: float, otherwise: str) -> None:
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            pytest.fail(otherwise)
        time.sleep(0.2)


def test_a_job_on_a_cluster_that_loses_a_worker_publishes_the_right_marts(
    tmp_path: Path, omnivue, cluster: Cluster
) -> None:
    reference, home = tmp_path / "reference", tmp_path / "home"
    omnivue("simulate", *SIZE, home=reference)
    shutil.copytree(reference / "landing", home / "landing")
    omnivue("run", home=reference)

    # Two gigabytes are a worker's all: one executor each.
    (home / "settings.yaml").write_text(
        f"engine: spark\nspark:\n  master: {cluster.url}\n  config:\n"
        "    spark.executor.memory: 1g\n    spark.driver.memory: 2g\n    spark.driver.host: 127.0.0.1\n"
        "    spark.driver.bindAddress: 127.0.0.1\n    spark.sql.shuffle.partitions: 4\n",
        encoding="utf-8",
    )
    command = [str(Path(sys.executable).with_name("omnivue")), "run"]
    with subprocess.Popen(
        command,
        env=os.environ | {"OMNIVUE_HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as job:
        middle = home / "warehouse" / "spark" / MIDDLE
        _wait(lambda: middle.exists() or job.poll() is not None, 1800, "the job did not reach its middle")
        assert job.poll() is None, job.stdout and job.stdout.read()
        assert cluster.executors(0), "the worker to be killed has run nothing"
        cluster.kill(0)
        output, _ = job.communicate(timeout=3600)
    assert job.returncode == 0, output[-6000:]
    assert "Removing executor" in _log(cluster.folder, "master") or "Removing worker" in _log(cluster.folder, "master")
    assert cluster.executors(1)
    found, expected = (fingerprints(place, without=OF_THE_RUN, decimals=6) for place in (home, reference))
    assert found == expected
