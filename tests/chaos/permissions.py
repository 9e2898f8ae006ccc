"""Files that the user who runs Omnivue may not use: a clear error, no harm, and all is well once they may be used.

Where the tests are root, whom modes do not bind, the runs are those of a root that gave up this power.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.chaos.homes import (
    SMALL,
    Place,
    arrivals,
    check_whole,
    contents,
    deliver,
    differences,
    scratch_folder,
    simulate,
)
from tests.chaos.report import Row

# Of no person, so that it decides nothing about who is who that it comes later.
EXTRACT = "store_footfall"


@contextmanager
def out_of_reach(path: Path) -> Iterator[None]:
    """For the block, a file cannot be opened, or nothing be written into a folder."""
    mode = path.stat().st_mode & 0o777
    path.chmod(0o555 if path.is_dir() else 0)
    try:
        yield
    finally:
        path.chmod(mode)


def run_without(place: Place, path: Path, before: dict[str, Any] | None) -> str:
    """Run while `path` is out of reach; returns what the run said. Raises AssertionError when that is unclear, or when
    another release than `before` is current."""
    with out_of_reach(path):
        message = " ".join(place.omnivue("run", bound=True, expect=5).stderr.split())
    assert f"{path} cannot be used by user " in message or f"{path}/" in message, message
    assert "chown" in message, message
    assert "chmod" in message, message
    assert "run again" in message, message
    assert check_whole(place.home) == before
    return message


def play(scratch: Path, *, seed: int, size: tuple[int, int] = SMALL, tell: bool = False) -> int:
    """Take files away one after another in the second night of a home; returns how many. Raises AssertionError when
    a message is unclear or any harm is done."""
    landing = simulate(scratch / "retailer", *size, seed)
    ours, theirs = Place(scratch / "ours").create(), Place(scratch / "theirs").create()
    days = arrivals(landing)
    nights = days[: len(days) * 3 // 4], days[len(days) * 3 // 4 :]
    for place in (theirs, ours):
        deliver(landing, nights[0], place)
        place.omnivue("run", bound=True)
        deliver(landing, nights[1], place)
    theirs.omnivue("run")
    before = check_whole(ours.home)

    # A part of the lake that is read again: one of the month in which the night's deliveries fall.
    parts = sorted((ours.home / "lake" / "raw" / "shop_orders").glob(f"ds={nights[1][0][:7]}-*/*/part.parquet"))
    extract = sorted((ours.landing / EXTRACT / nights[1][-1]).iterdir())[0]
    cases = (
        ours.home / "lake" / "deliveries" / "shop_orders.parquet",
        parts[0],
        ours.home / "warehouse" / "warehouse.duckdb",
        ours.home / "published" / "releases",
    )
    with out_of_reach(extract):
        for path in cases:
            message = run_without(ours, path, before)
            if tell:
                print(f"without {path.relative_to(ours.home)}: {message[:200]}", flush=True)
        # One extract keeps the others from nothing.
        ours.omnivue("run", bound=True)
        assert check_whole(ours.home) != before
        listed = ours.omnivue("quarantine", "list", "--extract", EXTRACT).stdout
        assert extract.relative_to(ours.landing).as_posix() in listed, listed
        assert "make it readable" in listed, listed
    ours.omnivue("run", bound=True)
    check_whole(ours.home)
    assert not (differ := differences(contents(ours.home), contents(theirs.home))), f"differ: {differ}"
    return len(cases) + 1


def run(*, seed: int = 0, tell: bool = False) -> Row:
    """The part of `make chaos`."""
    started = time.perf_counter()
    with scratch_folder() as scratch:
        cases = play(scratch, seed=seed, tell=tell)
    return Row("files out of reach", cases=cases, seconds=time.perf_counter() - started)
