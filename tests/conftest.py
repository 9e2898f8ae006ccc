"""Helpers of every test: running the command as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

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
