"""The whole job as a user runs it: simulate, run, run again with nothing new; seconds and peak memory of each.

python -m benchmarks.job --customers 10000 --months 24
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def timed(label: str, *arguments: str, home: Path) -> None:
    """Run `omnivue ARGUMENTS` and print its wall seconds and its peak resident memory in GiB."""
    command = [str(Path(sys.executable).with_name("omnivue")), *arguments]
    started = time.monotonic()
    with (home / "benchmark.log").open("ab") as log:
        process = subprocess.Popen(command, env=os.environ | {"OMNIVUE_HOME": str(home)}, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    print(f"{label:<24}{seconds:>9.1f} s{usage.ru_maxrss / 2**20:>9.2f} GiB   exit {process.returncode}", flush=True)
    if process.returncode:
        sys.exit((home / "benchmark.log").read_text(encoding="utf-8", errors="replace")[-4000:])


def main() -> None:
    """Time the four commands of a day in a folder that is thrown away."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="omnivue-bench-") as folder:
        home = Path(folder)
        size = ["--customers", str(options.customers), "--months", str(options.months), "--seed", str(options.seed)]
        timed("simulate", "simulate", *size, home=home)
        timed("run, first", "run", home=home)
        timed("run, nothing new", "run", home=home)
        timed("run, all rebuilt", "run", "--rebuild", home=home)


if __name__ == "__main__":
    main()
