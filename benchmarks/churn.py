"""How fast churn is learnt, judged and scored: `python -m benchmarks.churn [--customers N]`.

Made customers, as many at each of the three cuts, whose churn follows from their days of silence and their requests to
customer service. Peak memory is that of the process.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import time

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.churn import FEATURES, score_churn
from dagster_project.settings import DEFAULTS_FILE, load_settings


def customers(number: int, seed: int = 1) -> pa.Table:
    """As intermediate.int_churn_features has them."""
    rng = np.random.default_rng([seed, number])
    cuts = []
    for cut in ("train", "validate", "now"):
        frame = pd.DataFrame({feature: rng.gamma(1.0, 3.0, number) for feature in FEATURES})
        frame["days_since_order"] = rng.integers(0, 365, number)
        frame["tickets"] = rng.binomial(3, 0.2, number)
        for column in ("last_nps", "last_csat", "last_ces", "hours_to_solution", "usual_gap_days"):
            frame.loc[rng.random(number) < 0.6, column] = np.nan
        odds = -2 + frame["days_since_order"] / 90 + frame["tickets"]
        churned = rng.random(number) < 1 / (1 + np.exp(-odds))
        frame["has_churned"] = pd.array(np.where(cut == "now", None, churned), dtype="boolean")
        frame["frequency"], frame["recency_days"], frame["age_days"] = 0, 0, frame["days_since_order"]
        cuts.append(frame.assign(cut=cut, customer_id=[f"c_{place:08x}" for place in rng.permutation(number)]))
    return pa.Table.from_pandas(pd.concat(cuts, ignore_index=True), preserve_index=False)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    options.add_argument("--customers", type=int, default=1_000_000)
    number = options.parse_args().customers
    made = customers(number)
    keys = ["cut", "frequency", "recency_days", "age_days"]
    alive = made.select(keys).group_by(keys).aggregate([])
    alive = alive.append_column("p_alive", pa.array(np.exp(-alive["age_days"].to_numpy() / 300)))
    before = time.perf_counter()
    settings = load_settings(DEFAULTS_FILE.with_name("none.yaml")).churn
    result = score_churn(made, alive, settings, min_n=30, data_end=dt.date(2026, 10, 31))
    seconds = time.perf_counter() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{result.scores.num_rows:,} customers scored in {seconds:.1f} s, peak {peak:.2f} GiB")
    for row in result.evaluations.to_pylist():
        print(f"  {row['metric']:20}{row['value']:8.4f}  {row['baseline']:10}{row['baseline_value']:8.4f}")


if __name__ == "__main__":
    main()
