"""One run at a time."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.publishing import RunBusy, run_lock
from dagster_project.settings import Home

STARTED = dt.datetime(2026, 11, 2, 2, 0, tzinfo=dt.UTC)


def test_a_second_run_is_told_who_is_at_work(tmp_path: Path) -> None:
    home = Home(tmp_path / "new")
    message = rf"at work in .*new \(process {os.getpid()}, since 2026-11-02T02:00:00\+00:00\)"
    with run_lock(home, started_at=STARTED), pytest.raises(RunBusy, match=message), run_lock(home, started_at=STARTED):
        pass
    with run_lock(home, started_at=STARTED):
        pass


def test_a_killed_run_gives_the_lock_back(tmp_path: Path) -> None:
    home = Home(tmp_path)
    script = f"""
import datetime as dt, sys, time
from pathlib import Path
from dagster_project.publishing import run_lock
from dagster_project.settings import Home
with run_lock(Home(Path({str(tmp_path)!r})), started_at=dt.datetime(2026, 11, 2, tzinfo=dt.UTC)):
    print("held", flush=True)
    time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RunBusy, match=f"process {other.pid}"), run_lock(home, started_at=STARTED):
            pass
        other.send_signal(signal.SIGKILL)
        other.wait()
        with run_lock(home, started_at=STARTED):
            pass


def test_a_failing_run_gives_the_lock_back(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(ZeroDivisionError), run_lock(home, started_at=STARTED):
        raise ZeroDivisionError
    with run_lock(home, started_at=STARTED):
        pass
