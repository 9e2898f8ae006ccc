"""All parts of the chaos tests at full length, and a table of what became of them: `python -m tests.chaos`."""

from __future__ import annotations

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor

from rich.console import Console

from tests.chaos.parts import PARTS, play_alone
from tests.chaos.report import table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--part", action="append", choices=sorted(PARTS), help="only this part; may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=100, help="of the part kills")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="parts side by side; default: the cores")
    asked = parser.parse_args()
    if asked.jobs < 1:
        parser.error(f"--jobs {asked.jobs}: at least one part is played at a time")
    names = [name for name in PARTS if name in (asked.part or PARTS)]
    with ThreadPoolExecutor(asked.jobs) as side_by_side:
        rows = list(side_by_side.map(lambda name: play_alone(name, asked), names))
    # In a file, as wide as the notes are long.
    Console(width=None if sys.stdout.isatty() else 180).print(table(rows))
    sys.exit(any(row.errors for row in rows))


if __name__ == "__main__":
    main()
