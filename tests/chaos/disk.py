"""A disk that fills up while a run is at work, in one stage after another.

The home lies on a small file system of its own. When a stage begins, all that is free is taken away: the run says which
disk is full and what to do, what was published stays whole, and, given its space again, the next run ends as if
nothing had happened.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.chaos.homes import (
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
from tests.chaos.kills import START, Running, stage_seconds
from tests.chaos.report import Row

STAGES = (
    START,
    "ingestion",
    "load",
    "gate landing",
    "dbt first pass",
    "identity",
    "dbt second pass",
    "analytics",
    "gate marts",
    "customer directory",
    "publication",
)
SIZE = "320m"


class CannotMount(Exception):  # noqa: N818, a reason to skip
    """This user may not mount a file system."""


@contextlib.contextmanager
def small_disk(folder: Path, size: str = SIZE) -> Iterator[Path]:
    """A file system of this size at `folder` for the block. Raises CannotMount where that is not permitted."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "omnivue-chaos", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise CannotMount("there is no mount") from error
    if done.returncode != 0:
        raise CannotMount(done.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(ballast: Path) -> None:
    """Take all that is free."""
    with ballast.open("ab", buffering=0) as sink:
        # As long as anything is taken.
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while sink.write(b"\0" * size):
                    pass


def run_out_of_space(place: Place, stage: str, order: Sequence[str], ballast: Path) -> str:
    """Run, and have the disk full from the beginning of the stage on; returns what the run said. Raises AssertionError
    when it is not told as it should be."""
    run = Running(place, ["run"], {}, order)
    try:
        while run.process.poll() is None and not run.has_begun(stage):
            time.sleep(0.002)
        while run.process.poll() is None:
            # What the run gives back in its distress is taken, too.
            fill(ballast)
            time.sleep(0.02)
        code = run.finish()
    finally:
        run.kill()
        ballast.unlink(missing_ok=True)
    said = run.output
    assert code == 5, f"full in {stage}: exit {code}\n{said[-3000:]}"
    message = " ".join(said[said.rindex("omnivue:") :].split())
    assert f"the disk of {place.folder}" in message, message
    assert "is full" in message, message
    assert "Make room there" in message, message
    assert "run again" in message, message
    return message


def play(scratch: Path, stages: Sequence[str], *, seed: int, size: tuple[int, int] = SMALL, tell: bool = False) -> int:
    """Fill the disk in each of the stages; returns how often. Raises AssertionError when any harm is done, CannotMount
    where no disk can be made."""
    theirs = Place(scratch / "theirs").create()
    with small_disk(scratch / "small") as disk:
        landing = simulate(scratch / "retailer", *size, seed)
        ours = Place(disk).create()
        days = arrivals(landing)
        nights = days[: len(days) // 2], days[len(days) // 2 :]
        for place in (theirs, ours):
            deliver(landing, nights[0], place)
            place.omnivue("run")
            deliver(landing, nights[1], place)
        order = list(stage_seconds(theirs.omnivue("run").stdout))
        return len(disturb(ours, theirs, stages, order, tell=tell))


def disturb(
    ours: Place, theirs: Place, stages: Sequence[str], order: Sequence[str], *, tell: bool = False
) -> list[str]:
    """Run out of space in each of the stages over what has arrived, then run with space enough, after which our home
    must be theirs; returns what was said in each stage."""
    before, messages = check_whole(ours.home), []
    for stage in stages:
        message = run_out_of_space(ours, stage, order, ours.folder / "ballast")
        assert check_whole(ours.home) == before
        messages.append(message)
        if tell:
            print(f"full in {stage}: {message[:160]}", flush=True)
    ours.omnivue("run")
    check_whole(ours.home)
    assert not (differ := differences(contents(ours.home), contents(theirs.home))), f"differ: {differ}"
    left = files(ours) - files(theirs) - {"home/crash.log"}
    assert not left, f"left over: {sorted(left)[:20]}"
    return messages


def run(*, seed: int = 0, tell: bool = False) -> Row:
    """The part of `make chaos`."""
    started = time.perf_counter()
    with scratch_folder() as scratch:
        try:
            cases = play(scratch, STAGES, seed=seed, tell=tell)
        except CannotMount as error:
            return Row("disk full", cases=0, note=f"skipped: no file system can be mounted ({error})")
    seconds = time.perf_counter() - started
    return Row("disk full", cases=cases, seconds=seconds, note=", ".join(STAGES))
