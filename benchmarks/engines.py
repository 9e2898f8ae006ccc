"""The same job on DuckDB and on Spark, on this machine: seconds and peak memory by size, and where the lines cross.

python -m benchmarks.engines --customers 10000 100000 --months 24

Each size is simulated once; each engine gets that landing in a fresh home and `omnivue run` in a process of its own.
Peak memory is the sum of the resident memory of that process and all below it (Spark's JVM is one), looked at twice a
second; pages that processes share count once for each. It is read from /proc; where there is none it is not measured.
Figures go to standard output, progress to standard error.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.cli.jobs import STEPS
from dagster_project.settings import ENGINES
from dagster_project.warehouse.spark_session import missing

SAMPLE_SECONDS = 0.5
PROC = Path("/proc")
# A step as `omnivue run` prints it: "  gate landing            12.3 s   expectations 40".
STEP = re.compile(r"^ +(?P<step>\S.*?) +(?P<seconds>\d+\.\d) s\b", re.MULTILINE)


@dataclass(frozen=True)
class Timing:
    """One `omnivue run`: wall seconds, peak resident bytes (None: not measured), seconds by step."""

    customers: int
    engine: str
    seconds: float
    peak: int | None
    exit_code: int
    steps: Mapping[str, float] = field(default_factory=dict)

    @property
    def memory(self) -> str:
        return "not measured" if self.peak is None else f"{self.peak / 2**30:.2f} GiB"


@dataclass(frozen=True)
class Line:
    """seconds = start + slope * customers."""

    start: float
    slope: float


def fit(smaller: Timing, larger: Timing) -> Line:
    """The line through two sizes of one engine."""
    slope = (larger.seconds - smaller.seconds) / (larger.customers - smaller.customers)
    return Line(smaller.seconds - slope * smaller.customers, slope)


def crossing(one: Line, other: Line) -> float | None:
    """The number of customers at which both take as long; None when there is no such number above zero."""
    if one.slope == other.slope:
        return None
    customers = (other.start - one.start) / (one.slope - other.slope)
    return customers if customers > 0 else None


def verdict(timings: Sequence[Timing]) -> str:
    """Both engines' lines through the two largest sizes that ended well on both, and where they meet."""
    well = {(timing.engine, timing.customers): timing for timing in timings if timing.exit_code == 0}
    sizes = sorted(customers for engine, customers in well if engine == "duckdb" and ("spark", customers) in well)[-2:]
    if len(sizes) < 2:
        return ""
    small, large = sizes
    lines = {engine: fit(well[engine, small], well[engine, large]) for engine in ("duckdb", "spark")}
    duckdb, spark = lines["duckdb"], lines["spark"]
    text = f"Lines through {small:,} and {large:,} customers:\n" + "".join(
        f"  {engine:<8}{line.start:8.1f} s {line.slope * 1000:+9.3f} s per 1,000 customers\n"
        for engine, line in lines.items()
    )
    where = crossing(duckdb, spark)
    if duckdb.slope == spark.slope:
        return f"{text}They do not cross: a further customer costs the same on both."
    cheaper = "Spark" if spark.slope < duckdb.slope else "DuckDB"
    if where is None or where <= large:
        return f"{text}They do not cross above {large:,} customers: a further customer costs less on {cheaper}."
    return (
        f"{text}They would cross at about {where:,.0f} customers, and {cheaper} be the faster above. That is an "
        f"extrapolation to {where / large:.1f} times the largest size measured, along straight lines through two "
        "points; it knows nothing of memory."
    )


def resident(root: int) -> int | None:
    """Resident bytes of a process and all below it; None where there is no /proc."""
    if not (PROC / "self" / "statm").exists():
        return None
    below: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit():
            # The name of the program stands in brackets and may hold anything; state and parent follow it.
            after_name = _read(entry / "stat").rpartition(b")")[2].split()
            if after_name:
                below.setdefault(int(after_name[1]), []).append(int(entry.name))
    pages = 0
    waiting = [root]
    while waiting:
        process = waiting.pop()
        waiting += below.get(process, [])
        sizes = _read(PROC / str(process) / "statm").split()
        pages += int(sizes[1]) if sizes else 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def _read(path: Path) -> bytes:
    """A file of /proc; empty when its process has ended."""
    try:
        return path.read_bytes()
    except OSError:
        return b""


def omnivue(*arguments: str, home: Path, log: Path) -> tuple[float, int | None, int]:
    """Run `omnivue ARGUMENTS` over `home`, what it says in `log`; wall seconds, peak resident bytes, exit code."""
    command = [str(Path(sys.executable).with_name("omnivue")), *arguments]
    environment = os.environ | {"OMNIVUE_HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1"}
    peak: int | None = None
    started = time.monotonic()
    with log.open("wb") as output, subprocess.Popen(command, env=environment, stdout=output, stderr=output) as process:
        while process.poll() is None:
            now = resident(process.pid)
            peak = now if peak is None else max(peak, now or 0)
            try:
                process.wait(SAMPLE_SECONDS)
            except subprocess.TimeoutExpired:
                continue
    return time.monotonic() - started, peak, process.returncode


def simulated(customers: int, months: int, folder: Path, log: Path) -> Path:
    """The landing of a retailer of this size below `folder`: the one already there, or a new one."""
    place = folder / f"{customers}-customers-{months}-months"
    if place.exists():
        tell(f"{customers:,} customers: landing of {place}")
        return place / "landing"
    unfinished = place.with_name(f".unfinished-{place.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    tell(f"{customers:,} customers: simulating {months} months ...")
    size = ("--customers", str(customers), "--months", str(months))
    seconds, _, exit_code = omnivue("simulate", *size, home=unfinished, log=log)
    if exit_code:
        sys.exit(f"`omnivue simulate` ended with exit code {exit_code}:\n{tail(log)}")
    unfinished.rename(place)
    tell(f"{customers:,} customers: simulated in {seconds:.1f} s")
    return place / "landing"


def timed(customers: int, engine: str, landing: Path, settings: Path | None, scratch: Path) -> Timing:
    """One engine over a landing, in a home that is thrown away."""
    log = scratch / "run.log"
    # A JVM may still be putting its files away when the job has ended.
    with tempfile.TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        shutil.copytree(landing, home / "landing", copy_function=link)
        if settings is not None:
            shutil.copyfile(settings, home / "settings.yaml")
        tell(f"{customers:,} customers: running on {engine} ...")
        seconds, peak, exit_code = omnivue("run", "--engine", engine, home=home, log=log)
    timing = Timing(customers, engine, seconds, peak, exit_code, steps_of(log.read_text(encoding="utf-8")))
    tell(f"{customers:,} customers: {engine} took {seconds:.1f} s, memory {timing.memory}, exit code {exit_code}")
    if exit_code:
        tell(tail(log))
    return timing


def link(source: str, target: str) -> None:
    """The same file under another name: a run never changes its landing. A copy on another file system."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def steps_of(output: str) -> dict[str, float]:
    """Seconds by step, from what `omnivue run` prints."""
    found = {match["step"]: float(match["seconds"]) for match in STEP.finditer(output)}
    return {step: found[step] for step in STEPS if step in found}


def ratio(timing: Timing, timings: Iterable[Timing]) -> float | None:
    """Seconds as a multiple of DuckDB's at the same size; None when either did not end well."""
    for other in timings:
        if other.engine == "duckdb" and other.customers == timing.customers:
            return None if other.exit_code or timing.exit_code else timing.seconds / other.seconds
    return None


def table(timings: Sequence[Timing]) -> str:
    """Totals by size and engine, then the seconds of each step, a column for each run."""
    lines = [f"{'customers':>12}  {'engine':<8}{'seconds':>9}{'peak':>14}{'/duckdb':>9}"]
    for timing in timings:
        share = ratio(timing, timings)
        end = f"   exit code {timing.exit_code}" if timing.exit_code else ""
        lines.append(
            f"{timing.customers:12,}  {timing.engine:<8}{timing.seconds:9.1f}{timing.memory:>14}"
            f"{'' if share is None else f'{share:.2f}':>9}{end}"
        )
    lines += ["", f"{'seconds of step':<20}" + "".join(f"{timing.customers:>10,}" for timing in timings)]
    lines.append(" " * 20 + "".join(f"{timing.engine:>10}" for timing in timings))
    for step in STEPS:
        seconds = (f"{timing.steps[step]:.1f}" if step in timing.steps else "-" for timing in timings)
        lines.append(f"{step:<20}" + "".join(f"{text:>10}" for text in seconds))
    outside = (timing.seconds - sum(timing.steps.values()) for timing in timings)
    lines.append(f"{'outside of steps':<20}" + "".join(f"{seconds:10.1f}" for seconds in outside))
    return "\n".join(lines)


def write_csv(path: Path, months: int, timings: Sequence[Timing]) -> None:
    """One row per size and engine; peak in bytes, empty where not measured."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        columns = [f"{step.replace(' ', '_')}_seconds" for step in STEPS]
        writer.writerow(["customers", "months", "engine", "exit_code", "seconds", "peak_bytes", *columns])
        for timing in timings:
            steps = [timing.steps.get(step) for step in STEPS]
            total = f"{timing.seconds:.1f}"
            writer.writerow([timing.customers, months, timing.engine, timing.exit_code, total, timing.peak, *steps])


def tail(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-4000:]


def tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def customers_number(text: str) -> int:
    """A number of customers the simulator takes."""
    if not text.isdigit() or int(text) < 10:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of customers, at least 10")
    return int(text)


def main() -> None:
    """Every size on every engine, then the table and the lines; exit code 1 when a run did not end well."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--customers",
        type=customers_number,
        metavar="N",
        nargs="+",
        default=[10_000, 100_000],
        help="sizes (default: 10000 100000)",
    )
    parser.add_argument(
        "--months", type=int, metavar="N", default=24, help="length of the simulated window (default: 24)"
    )
    parser.add_argument("--engines", nargs="+", choices=ENGINES, default=list(ENGINES), help="default: both")
    parser.add_argument(
        "--settings", type=Path, metavar="FILE", help="a settings.yaml for every run, such as one with spark.config"
    )
    parser.add_argument(
        "--landing-cache", type=Path, metavar="DIR", help="keep what is simulated here, and take it from here again"
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the figures as CSV, after every run")
    options = parser.parse_args()
    lacks = missing() if "spark" in options.engines else None
    if lacks:
        sys.exit(f"{lacks}. Or leave Spark out: --engines duckdb")
    if options.settings and not options.settings.is_file():
        sys.exit(f"--settings {options.settings}: there is no such file")
    if options.out and not options.out.resolve().parent.is_dir():
        sys.exit(f"--out {options.out}: there is no folder {options.out.resolve().parent}")

    timings: list[Timing] = []
    with tempfile.TemporaryDirectory(prefix="omnivue-engines-", ignore_cleanup_errors=True) as folder:
        scratch = Path(folder)
        cache = options.landing_cache.resolve() if options.landing_cache else scratch
        for customers in sorted(set(options.customers)):
            landing = simulated(customers, options.months, cache, scratch / "simulate.log")
            for engine in dict.fromkeys(options.engines):
                timings.append(timed(customers, engine, landing, options.settings, scratch))
                if options.out:
                    write_csv(options.out, options.months, timings)
    print(table(timings))
    if lines := verdict(timings):
        print(f"\n{lines}")
    sys.exit(any(timing.exit_code for timing in timings))


if __name__ == "__main__":
    main()
