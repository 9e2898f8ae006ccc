"""The parts of the chaos tests at full length, each played in a process of its own."""

from __future__ import annotations

import argparse
import contextlib
import io
import multiprocessing
import sys
import traceback
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from tests.chaos import disk, hostile, kills, nights, permissions, readers, two_runs
from tests.chaos.report import Row

# The longest first, so that those side by side end at about the same time.
PARTS: dict[str, Callable[[argparse.Namespace], Row]] = {
    "kills": lambda asked: kills.run(asked.kills, seed=asked.seed, tell=True),
    "nights": lambda asked: nights.run(5, first_seed=asked.seed, tell=True),
    "readers": lambda asked: readers.run(seed=asked.seed, tell=True),
    "disk": lambda asked: disk.run(seed=asked.seed, tell=True),
    "hostile": lambda asked: hostile.run(10_000, first_seed=asked.seed, tell=True),
    "two-runs": lambda asked: two_runs.run(seed=asked.seed, tell=True),
    "permissions": lambda asked: permissions.run(seed=asked.seed, tell=True),
}


class Labelled(io.TextIOBase):
    """Standard output whose lines bear the name of the part that wrote them."""

    def __init__(self, label: str) -> None:
        self._label, self._begun, self._out = label, "", sys.stdout

    def write(self, text: str, /) -> int:
        *lines, self._begun = (self._begun + text).split("\n")
        for line in lines:
            self._out.write(f"{self._label:<12}{line}\n")
        self._out.flush()
        return len(text)


def play(name: str, asked: argparse.Namespace) -> Row:
    """One part; what breaks in it is told, and is an error of its row."""
    with contextlib.redirect_stdout(Labelled(name)):
        print("begins")
        try:
            row = PARTS[name](asked)
        except Exception:
            traceback.print_exc(file=sys.stdout)
            row = Row(name, errors=1, note="failed, see above")
        print(f"ends after {row.seconds:,.0f} s")
        return row


def play_alone(name: str, asked: argparse.Namespace) -> Row:
    """One part in a process of its own: memory is measured of it alone, and its end is not that of the others."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        try:
            return process.submit(play, name, asked).result()
        except BrokenProcessPool:
            return Row(name, errors=1, note="its process died")
