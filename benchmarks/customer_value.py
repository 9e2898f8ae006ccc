"""How fast customers are valued: `python -m benchmarks.customer_value [--customers N] [--lifetimes FOLDER]`.

Made customers of a known BG/NBD process, their times in whole days or whole weeks, are fitted and scored (P(alive) and
the orders of the next 12 months), here and by PyPI's `lifetimes`, which `make .venv/lifetimes` installs. Peak memory is
that of the process so far; ratios are lifetimes / ours.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from dagster_project.customer_value import fit_bgnbd, fit_mbgnbd, fit_paretonbd
from dagster_project.customer_value.model import OrderModel

UNITS = {"days": 1, "weeks": 7}
YEARS, R, ALPHA, A, B = 2, 0.6, 60.0, 0.8, 2.5


def customers(number: int, unit: int, seed: int = 1) -> pd.DataFrame:
    """frequency, recency, T of customers who came over two years, in units of so many days; of the purchases in one
    unit the first counts."""
    rng = np.random.default_rng([seed, number])
    age = rng.integers(1, YEARS * 365, number) // unit
    rate, stopping = rng.gamma(R, 1 / ALPHA, number), rng.beta(A, B, number)
    frequency, recency = np.zeros(number), np.zeros(number)
    now, buying = np.zeros(number), np.arange(number)
    while len(buying):
        now[buying] += rng.exponential(1 / rate[buying])
        buying = buying[now[buying] // unit <= age[buying]]
        counts = now[buying] // unit > recency[buying]
        frequency[buying] += counts
        recency[buying] = now[buying] // unit
        buying = buying[rng.random(len(buying)) >= stopping[buying]]
    return pd.DataFrame({"frequency": frequency, "recency": recency, "T": age.astype(float)})


@contextmanager
def timed(stage: str) -> Iterator[dict[str, float]]:
    """Print the stage's wall seconds, CPU seconds and the process's peak memory; the seconds are also yielded."""
    seconds: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield seconds
    seconds |= {"wall": time.perf_counter() - wall, "CPU": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"  {stage:24}{seconds['wall']:8.1f} s {seconds['CPU']:8.1f} s CPU {peak:8.2f} GiB", flush=True)


def ours(title: str, fit: Callable[[pd.DataFrame], OrderModel], people: pd.DataFrame, year: float) -> dict[str, float]:
    """Wall and CPU seconds to fit and to score."""
    with timed(title) as seconds:
        with timed("  fit"):
            model = fit(people)
        model.p_alive(people)
        model.expected_orders(people, year)
    print("   ", ", ".join(f"{name} {value:.4f}" for name, value in model.params.items()))
    return seconds


def by_lifetimes(people: pd.DataFrame, year: float) -> dict[str, float]:
    """Wall and CPU seconds to fit the BG/NBD and to score."""
    from lifetimes import BetaGeoFitter

    columns = [people[name].to_numpy() for name in ("frequency", "recency", "T")]
    with timed("lifetimes BG/NBD") as seconds:
        with timed("  fit"):
            model = BetaGeoFitter().fit(*columns)
        model.conditional_probability_alive(*columns)
        model.conditional_expected_number_of_purchases_up_to_time(year, *columns)
    print("   ", ", ".join(f"{name} {value:.4f}" for name, value in model.params_.items()))
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--lifetimes", type=Path, default=Path(".venv/lifetimes"), help="where lifetimes is installed")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    # Last on the path: of what lies beside it, only what is missing here.
    sys.path.append(str(arguments.lifetimes))
    for name, days in UNITS.items():
        people, year = customers(arguments.customers, days), 365 / days
        print(f"{len(people):,} customers in {name}: {len(people.drop_duplicates()):,} distinct histories")
        seconds = ours("BG/NBD", fit_bgnbd, people, year)
        ours("MBG/NBD", fit_mbgnbd, people, year)
        ours("Pareto/NBD", fit_paretonbd, people, year)
        if arguments.lifetimes.is_dir():
            plain = by_lifetimes(people, year)
            ratios = ", ".join(f"{plain[kind] / seconds[kind]:.1f} times the {kind} seconds" for kind in seconds)
            print(f"  lifetimes / ours, BG/NBD: {ratios}")


if __name__ == "__main__":
    main()
