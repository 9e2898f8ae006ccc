"""A night beside the full build: seconds of each step of both, and their ratio, in one run.

python -m benchmarks.night --customers 100000 --months 24 --days 4 --home /path/to/a/new/home

The newest days of a simulated retailer are put aside; a first run builds all that came before, and a second one takes
in what was put aside. At 24 months four days are one per cent. A home that is named is kept, for `benchmarks.gate`.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

_STEP = re.compile(r"^  (.+?)\s+([\d.]+) s(?:  |$)")
_ROWS = re.compile(r"rows read ([\d,]+)")


def set_aside(home: Path, days: int) -> list[tuple[Path, Path]]:
    """Move the folders of the newest `days` of landing away; returns where each was and is. Folders of days to come are
    planted dirt, and stay."""
    arrived = {folder: dt.date.fromisoformat(folder.name) for folder in sorted(home.glob("landing/*/*"))}
    arrived = {folder: day for folder, day in arrived.items() if day <= dt.datetime.now(dt.UTC).date()}
    first = max(arrived.values()) - dt.timedelta(days=days - 1)
    moved = []
    for folder, day in arrived.items():
        if day >= first:
            away = home / "aside" / folder.parent.name / folder.name
            away.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(away)
            moved.append((folder, away))
    return moved


def run(home: Path) -> tuple[dict[str, float], int]:
    """`omnivue run`: seconds by step, with what lies between steps as `start and between`, and rows read."""
    command = [str(Path(sys.executable).with_name("omnivue")), "run"]
    started = dt.datetime.now(dt.UTC)
    done = subprocess.run(
        command,
        env=os.environ | {"OMNIVUE_HOME": str(home), "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    total = (dt.datetime.now(dt.UTC) - started).total_seconds()
    if done.returncode:
        sys.exit(done.stdout[-4000:] + done.stderr[-4000:])
    head = done.stdout.partition("\nPublished.")[0]
    steps = {found[1]: float(found[2]) for line in head.splitlines() if (found := _STEP.match(line))}
    rows = _ROWS.search(head)
    steps["start and between"] = total - sum(steps.values())
    return steps | {"all": total}, int(rows[1].replace(",", "")) if rows else 0


def main() -> None:
    """Print both side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--days", type=int, default=4, help="of deliveries in the night")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--home", type=Path, help="a folder that does not exist yet; default: one that is removed")
    options = parser.parse_args()
    with contextlib.ExitStack() as left:
        if options.home:
            options.home.mkdir(parents=True)
        home = options.home or Path(left.enter_context(tempfile.TemporaryDirectory(prefix="omnivue-bench-")))
        size = ["--customers", str(options.customers), "--months", str(options.months), "--seed", str(options.seed)]
        simulate = [str(Path(sys.executable).with_name("omnivue")), "simulate", *size]
        subprocess.run(simulate, env=os.environ | {"OMNIVUE_HOME": str(home)}, check=True, capture_output=True)
        moved = set_aside(home, options.days)
        full, before = run(home)
        for there, away in moved:
            there.parent.mkdir(parents=True, exist_ok=True)
            away.rename(there)
        night, new = run(home)
    print(f"new rows {new:,} of {before + new:,}: {new / (before + new):.1%}")
    print(f"{'step':<24}{'full':>10}{'night':>10}{'ratio':>9}")
    for step, seconds in full.items():
        print(f"{step:<24}{seconds:>8.1f} s{night.get(step, 0):>8.1f} s{night.get(step, 0) / seconds:>9.1%}")


if __name__ == "__main__":
    main()
