"""How fast attribution is beside marketing-attribution-models: `python -m benchmarks.attribution [--journeys N ...]`.

The other library is for this comparison alone and in no lock: `pip install marketing-attribution-models==2.1`, into an
environment or a folder of its own that PYTHONPATH names.

Both get the same frame of journeys in memory, parse it, and run the models that both have; each model's time, there,
is that of its results per channel. `bare`: one row per journey, paths alone, and the other library without time decay,
which it has not for these. `timed`: with the days of every touch. Shares of channels must be equal to 1e-9: of credits,
and of removal effects for Markov, whose credits the other library takes per journey. Its Shapley values are of at most
four channels of a journey: they are timed, and differ by design. Ratios are theirs / ours.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import mam
import numpy as np
import pandas as pd

from dagster_project.attribution import attribute

CHANNELS = [
    *("paid_search", "direct", "email", "organic_search", "paid_social", "affiliate", "referral"),
    *("organic_social", "sms", "display", "store_visit", "phone"),
]
# Their name of each model -> ours.
BARE = {
    "first_click": "first_touch",
    "last_click": "last_touch",
    "linear": "linear",
    "position_based": "position_based",
    "markov": "markov",
    "shapley": "shapley_rate",
}
TIMED = BARE | {"time_decay": "time_decay"}
DIFFERENT = {"shapley"}
RUNS = 3


def journeys(size: int) -> pd.DataFrame:
    """One row per journey: short ones are the commonest, and so are some channels; some convert."""
    rng = np.random.default_rng(1)
    weights = 1 / np.arange(1, len(CHANNELS) + 1)
    lengths = rng.geometric(0.3, size)
    ends = np.cumsum(lengths)
    steps = rng.choice(np.array(CHANNELS, dtype=object), ends[-1], p=weights / weights.sum())
    days = np.round(rng.exponential(3.0, ends[-1]), 1)
    converted = rng.random(size) < 0.05 + 0.02 * np.minimum(lengths, 10)
    spans = list(zip(ends - lengths, ends, strict=True))
    return pd.DataFrame(
        {
            "path": [" > ".join(steps[start:end]) for start, end in spans],
            "days_before": [" > ".join(map(str, np.sort(days[start:end])[::-1])) for start, end in spans],
            "conversions": converted.astype(np.int64),
            "value": np.where(converted, np.round(rng.gamma(2.0, 40.0, size), 2), 0.0),
            "nulls": (~converted).astype(np.int64),
        }
    )


def ours(frame: pd.DataFrame, models: dict[str, str]) -> pd.DataFrame:
    """Conversions by channel and model, under their names of models."""
    found = attribute(frame, list(models.values())).pivot(index="channel", columns="model", values="conversions")
    return found.rename(columns={own: other for other, own in models.items()})


def theirs(frame: pd.DataFrame, models: dict[str, str], *, timed: bool) -> pd.DataFrame:
    """The same by the other library."""
    columns = {"channels_colname": "path", "journey_with_conv_colname": "conversions"}
    if timed:
        columns |= {"user_id_colname": "journey_id", "time_till_conv_colname": "days_before"}
    else:
        columns |= {"occurrences_colname": "occurrences"}
    library = mam.MAM(frame, "journey" if timed else "grouped_journey", **columns)
    found = {}
    for model in models:
        # Days for hours on both sides: only the unit of the half-life differs.
        options = {"half_life_hours": 7.0} if model == "time_decay" else {}
        answer = getattr(library, f"run_{model}")(**options)
        if model == "markov":
            found[model] = answer.metadata["removal_effect"]["removal_effect"]
        else:
            credited = answer.to_pandas()
            found[model] = credited.set_index(credited["channels"].astype(str))["attribution"]
    return pd.DataFrame(found).fillna(0.0)


def timed_once(run: Callable[[], pd.DataFrame]) -> tuple[float, pd.DataFrame]:
    begun = time.perf_counter()
    found = run()
    return time.perf_counter() - begun, found


def compare(name: str, frame: pd.DataFrame, models: dict[str, str], *, timed: bool) -> None:
    """Run both in turn, print the least seconds of each and their ratio. Fails when equal models differ."""
    own = frame if timed else frame.drop(columns="days_before")
    other = frame.assign(journey_id=np.arange(len(frame)), occurrences=1)
    seconds: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(RUNS):
        taken, found = timed_once(lambda: ours(own, models))
        seconds["ours"].append(taken)
        taken, expected = timed_once(lambda: theirs(other, models, timed=timed))
        seconds["theirs"].append(taken)
    shares = found / found.sum() - (expected / expected.sum()).reindex(found.index)
    for model, distance in shares.abs().max().items():
        if model not in DIFFERENT and not distance < 1e-9:
            raise SystemExit(f"{model}: shares differ by {distance:.1e}")
        print(f"    {model:<16}shares differ by {distance:.1e}", flush=True)
    best, least = min(seconds["ours"]), min(seconds["theirs"])
    print(
        f"  {name:<8}{len(models)} models: ours {best:.2f} s, theirs {least:.2f} s, "
        f"theirs / ours {least / best:.1f} ({', '.join(models)})",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--journeys", type=int, nargs="+", default=[1_000_000])
    arguments = parser.parse_args()
    for size in arguments.journeys:
        frame = journeys(size)
        print(f"{size:,} journeys, {frame['path'].nunique():,} distinct paths of {len(CHANNELS)} channels")
        compare("bare", frame, BARE, timed=False)
        compare("timed", frame, TIMED, timed=True)


if __name__ == "__main__":
    main()
