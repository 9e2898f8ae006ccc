"""How fast people are matched, and how well: `python -m benchmarks.identity [--records N ...] [--model FILE]`.

A made population (`benchmarks.people`) is resolved stage by stage, and beside it by Splink alone with the settings that
its documentation gives for people's records. Peak memory is that of the process so far; ratios are ours / plain.
"""

from __future__ import annotations

import argparse
import logging
import resource
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.people import pairwise, population
from dagster_project.identity import MatchModel
from dagster_project.identity.bridges import cluster
from dagster_project.identity.households import person_probability
from dagster_project.identity.match_model import Thresholds
from dagster_project.identity.matching import linked_pairs
from dagster_project.identity.training import fit
from dagster_project.identity.workspace import workspace


@contextmanager
def timed(stage: str) -> Iterator[None]:
    """Print the stage's wall seconds, CPU seconds and the process's peak memory."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    seconds, busy = time.perf_counter() - wall, time.process_time() - cpu
    print(f"  {stage:32}{seconds:8.1f} s {busy:8.1f} s CPU {peak:8.2f} GiB", flush=True)


def ours(records: pd.DataFrame, model: MatchModel | None) -> np.ndarray:
    """The cluster of every record, stage by stage as `resolve` goes."""
    with timed("all"):
        with timed("tables and candidates"):
            place = workspace(records, "FR")
            connection, rows = place.__enter__()
        if model is None:
            with timed("training"):
                model = fit(connection, Thresholds())
        with timed("scoring"):
            pairs = linked_pairs(connection, model)
        with timed("clusters"):
            chosen = model
            named = cluster(
                len(rows),
                pairs,
                chosen.thresholds,
                lambda left, right: person_probability(connection, chosen, left, right) <= chosen.thresholds.household,
                np.full(len(rows), -1),
            )
        place.__exit__(None, None, None)
    found = np.empty(len(rows), dtype=np.int64)
    found[rows] = named
    return found


def plain_splink(records: pd.DataFrame) -> np.ndarray:
    """The cluster of every record by Splink alone: lower case, ready-made comparisons, clusters at .95."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import splink.comparison_library as cl
        from splink import DuckDBAPI, Linker, SettingsCreator, block_on
    people = records.drop(columns="source_system").apply(lambda column: column.str.lower())
    born = people["birth_date"].str.replace(r"^(\d\d)/(\d\d)/(\d{4})$", r"\3-\2-\1", regex=True)
    people = people.assign(birth_date=born)
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_id",
        comparisons=[
            cl.NameComparison("given_name"),
            cl.NameComparison("surname").configure(term_frequency_adjustments=True),
            cl.DateOfBirthComparison("birth_date", input_is_string=True, invalid_dates_as_null=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]).configure(term_frequency_adjustments=True),
            cl.ExactMatch("address"),
            cl.EmailComparison("email"),
            cl.ExactMatch("phone"),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("given_name", "surname"),
            block_on("birth_date", "surname"),
            block_on("birth_date", "given_name"),
            block_on("postcode", "surname"),
            block_on("email"),
            block_on("phone"),
        ],
    )
    with timed("Splink alone"):
        api = DuckDBAPI()
        linker = Linker(api.register(people), settings, log_level=None)
        linker.training.estimate_probability_two_random_records_match(
            [block_on("given_name", "surname", "birth_date"), block_on("email")], recall=0.7
        )
        linker.training.estimate_u_using_random_sampling(max_pairs=1e6, seed=1)
        for rule in (block_on("given_name", "surname"), block_on("birth_date", "postcode")):
            linker.training.estimate_parameters_using_expectation_maximisation(rule, max_pairs=1e6)
        pairs = linker.inference.predict(threshold_match_probability=0.5)
        clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(pairs, threshold_match_probability=0.95)
        named = clusters.as_pandas_dataframe().set_index("record_id")["cluster_id"]
    found: np.ndarray = pd.factorize(named.loc[records["record_id"]])[0]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000], help="sizes of the population")
    parser.add_argument("--model", type=Path, help="match model; default: one is trained on the records")
    parser.add_argument("--without-plain", action="store_true", help="leave Splink alone out")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    model = MatchModel.load(arguments.model) if arguments.model else None
    for size in arguments.records:
        records, truth = population(size)
        print(f"{size:,} records of {len(np.unique(truth)):,} people")
        begun = time.perf_counter()
        found = ours(records, model)
        seconds = time.perf_counter() - begun
        report("ours", found, truth)
        if not arguments.without_plain:
            begun = time.perf_counter()
            report("Splink alone", plain_splink(records), truth)
            print(f"  ours / Splink alone: {seconds / (time.perf_counter() - begun):.2f} of the seconds")


def report(name: str, found: np.ndarray, truth: np.ndarray) -> None:
    """Print how well the clusters agree with the truth, over pairs of records."""
    precision, recall, f1 = pairwise(found, truth)
    print(f"  {name}: precision {precision:.4f}, recall {recall:.4f}, F1 {f1:.4f}", flush=True)


if __name__ == "__main__":
    main()
