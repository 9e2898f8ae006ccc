"""Two runs at once: the second says who is at work and leaves, and harms nothing, whenever it comes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.homes import (
    COMMAND,
    SMALL,
    Place,
    arrivals,
    check_whole,
    contents,
    deliver,
    differences,
    files,
    scratch_folder,
    simulate,
)
from tests.chaos.kills import Running, stage_seconds
from tests.chaos.report import Row

BUSY = 6
STAGES = ("ingestion", "dbt first pass", "identity", "dbt third pass", "publication")


def second_run(place: Place) -> None:
    """A run beside another is told so. Raises AssertionError when it is not."""
    message = place.omnivue("run", expect=BUSY).stderr
    assert "another run is at work" in message, message


def play(scratch: Path, stages: Sequence[str], *, seed: int, size: tuple[int, int] = SMALL, tell: bool = False) -> int:
    """Two runs begin together in an empty home, and one more in each stage of the first; returns how many were turned
    away."""
    landing = simulate(scratch / "retailer", *size, seed)
    ours, theirs = Place(scratch / "ours").create(), Place(scratch / "theirs").create()
    for place in (ours, theirs):
        deliver(landing, arrivals(landing), place)
    order = list(stage_seconds(theirs.omnivue("run").stdout))
    first = Running(ours, ["run"], {}, order)
    twin = subprocess.Popen(
        [*COMMAND, "run"],
        env=ours.environment(),
        cwd=ours.current_folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        while first.process.poll() is None and twin.poll() is None:
            time.sleep(0.01)
        turned_away = 1
        if twin.poll() is None:
            # The twin was the faster.
            assert first.process.wait() == BUSY, first.output
            assert twin.communicate()[0] is not None
            assert twin.returncode == 0
        else:
            assert twin.returncode == BUSY, twin.communicate()[0]
            for stage in stages:
                while first.process.poll() is None and not first.has_begun(stage):
                    time.sleep(0.005)
                if first.process.poll() is None:
                    second_run(ours)
                    turned_away += 1
                    if tell:
                        print(f"a second run was turned away in {first.stage()}", flush=True)
            assert first.process.wait() == 0, first.output
    finally:
        twin.kill()
        twin.communicate()
        first.kill()
    check_whole(ours.home)
    assert not (differ := differences(contents(ours.home), contents(theirs.home))), f"differ: {differ}"
    assert files(ours) == files(theirs), f"differ: {sorted(files(ours) ^ files(theirs))[:20]}"
    return turned_away


def run(*, seed: int = 0, tell: bool = False) -> Row:
    """The part of `make chaos`."""
    started = time.perf_counter()
    with scratch_folder() as scratch:
        cases = play(scratch, STAGES, seed=seed, tell=tell)
    return Row("two runs at once", cases=cases, seconds=time.perf_counter() - started)
