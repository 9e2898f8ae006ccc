"""All parts of the chaos tests at full length, and a table of what became of them: `python -m tests.chaos`."""

from __future__ import annotations

import argparse
import sys
import traceback
from collections.abc import Callable

from rich.console import Console

from tests.chaos import disk, hostile, kills, nights, permissions, readers, two_runs
from tests.chaos.report import Row, table

PARTS: dict[str, Callable[[argparse.Namespace], Row]] = {
    "hostile": lambda asked: hostile.run(10_000, first_seed=asked.seed, tell=True),
    "kills": lambda asked: kills.run(asked.kills, seed=asked.seed, tell=True),
    "disk": lambda asked: disk.run(seed=asked.seed, tell=True),
    "permissions": lambda asked: permissions.run(seed=asked.seed, tell=True),
    "two-runs": lambda asked: two_runs.run(seed=asked.seed, tell=True),
    "nights": lambda asked: nights.run(5, first_seed=asked.seed, tell=True),
    "readers": lambda asked: readers.run(seed=asked.seed, tell=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--part", action="append", choices=sorted(PARTS), help="only this part; may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=int, default=100, help="of the part kills")
    arguments = parser.parse_args()
    rows = []
    for name in arguments.part or PARTS:
        print(f"--- {name}", flush=True)
        try:
            rows.append(PARTS[name](arguments))
        except Exception:
            traceback.print_exc()
            rows.append(Row(name, errors=1, note="failed, see above"))
    # In a file, as wide as the notes are long.
    Console(width=None if sys.stdout.isatty() else 180).print(table(rows))
    sys.exit(any(row.errors for row in rows))


if __name__ == "__main__":
    main()
