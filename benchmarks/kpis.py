"""Seconds of every KPI model on the data of a home, slowest first, from dbt's own run results.

python -m benchmarks.kpis --home /data/omnivue

The home has been run before (for the yardstick: `omnivue simulate --customers 100000 --months 24`, `omnivue run`). Its
KPI tables are built again in its warehouse; its release stays as it is.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

SELECTION = "path:models/marts/kpis"


def model_seconds(run_results: Path) -> dict[str, float]:
    """By model, the seconds its statements took, as dbt measured them. Raises ValueError naming a model that failed."""
    results = json.loads(run_results.read_text(encoding="utf-8"))["results"]
    failed = [result["unique_id"] for result in results if result["status"] not in ("success", "pass")]
    if failed:
        raise ValueError(f"{failed[0]} failed: see {run_results}")
    return {
        result["unique_id"].rpartition(".")[2]: float(result["execution_time"])
        for result in results
        if result["unique_id"].startswith("model.")
    }


def main() -> None:
    """Build the KPI models of a home one after the other and print what each took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, default=os.environ.get("OMNIVUE_HOME", "var"), help="an OMNIVUE_HOME")
    parser.add_argument("--select", default=SELECTION, help=f"other models, as dbt selects them; default {SELECTION}")
    options = parser.parse_args()
    home = options.home.resolve()
    if not (home / "warehouse").exists():
        sys.exit(f"{home}: no warehouse; run `omnivue simulate` and `omnivue run` there first")
    command = [
        str(Path(sys.executable).with_name("omnivue")),
        "dbt",
        "run",
        "--threads",
        "1",
        "--select",
        options.select,
    ]
    started = time.monotonic()
    done = subprocess.run(
        command, env=os.environ | {"OMNIVUE_HOME": str(home)}, capture_output=True, text=True, check=False
    )
    wall = time.monotonic() - started
    if done.returncode:
        sys.exit(done.stdout[-4000:] + done.stderr[-4000:])
    seconds = model_seconds(home / "dbt" / "target" / "run_results.json")
    for model, taken in sorted(seconds.items(), key=lambda item: -item[1]):
        print(f"{model:<40}{taken:>9.2f} s")
    print(f"{f'{len(seconds)} models':<40}{sum(seconds.values()):>9.2f} s   {wall:.1f} s with parsing")


if __name__ == "__main__":
    main()
