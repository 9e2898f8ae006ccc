"""How fast people are matched, and how well: `python -m benchmarks.identity [--records N ...] [--model FILE]`.

A made population (`benchmarks.people`) is resolved stage by stage, and beside it by Splink alone with the settings that
its documentation gives for people's records. With `--night SHARE` it is identified as the nightly job does it, whole
and after a night that brought that share of the records. Peak memory is that of the process so far; ratios are ours /
plain and night / whole.
"""

from __future__ import annotations

import argparse
import datetime as dt
import functools
import logging
import resource
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.people import pairwise, population
from dagster_project.identity import Ledger, MatchModel, identify
from dagster_project.identity.bridges import cluster
from dagster_project.identity.households import person_probability
from dagster_project.identity.match_model import Thresholds
from dagster_project.identity.matching import linked_pairs
from dagster_project.identity.normalise import parse_birth
from dagster_project.identity.resolution import RECORD_COLUMNS
from dagster_project.identity.training import fit
from dagster_project.identity.workspace import workspace
from dagster_project.settings import shipped_settings


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
        model = model.among(len(rows))
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


def night(people: pd.DataFrame, model: MatchModel, share: float) -> None:
    """Identify all but a random share of the records, then all with what that left, then all from nothing."""
    records = customer_records(people)
    settings = shipped_settings().identity
    run = functools.partial(
        identify, settings=settings, country="FR", as_of=dt.date(2026, 1, 31), model=model.among(records.num_rows)
    )
    before = records.filter(pa.array(np.random.default_rng(1).random(records.num_rows) >= share))
    known = run(before, Ledger.empty())
    ledger = Ledger(known.new_ledger_rows, Ledger.empty().decisions)
    seconds = []
    for stage, memory in ((f"a night with {share:.1%} new", known.memory), ("whole", None)):
        begun = time.perf_counter()
        with timed(stage):
            found = run(records, ledger, memory=memory)
        seconds.append(time.perf_counter() - begun)
        print(f"  {'':32}{found.report.looked_at:,} records looked at, {found.report.customers:,} customers")
    print(f"  night / whole: {seconds[0] / seconds[1]:.3f} of the seconds")


def customer_records(people: pd.DataFrame) -> pa.Table:
    """The population as the nightly job's customer records, one delivery date for all."""
    born = people["birth_date"].map(parse_birth, na_action="ignore")
    columns: dict[str, object] = dict.fromkeys(RECORD_COLUMNS, pa.nulls(len(people), pa.string()))
    empty = pa.array([[]] * len(people), pa.list_(pa.string()))
    columns |= {
        "source_system": people["source_system"],
        "source_person_key": people["record_id"],
        "first_seen_date": pa.array([dt.date(2026, 1, 1)] * len(people)),
        "first_name": people["given_name"],
        "last_name": people["surname"],
        "birth_date": pa.array(pd.to_datetime(born, format="%Y%m%d", errors="coerce").dt.date, pa.date32()),
        "emails": pa.array([[value] if isinstance(value, str) else [] for value in people["email"]]),
        "phones": pa.array([[value] if isinstance(value, str) else [] for value in people["phone"]]),
        "loyalty_cards": empty,
        "web_accounts": empty,
        "street": people["address"],
        "postal_code": people["postcode"],
        "city": people["city"],
    }
    return pa.table(columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--records", type=int, nargs="+", default=[10_000, 100_000], help="sizes of the population")
    parser.add_argument("--model", type=Path, help="match model; default: one is trained on the records")
    parser.add_argument("--without-plain", action="store_true", help="leave Splink alone out")
    parser.add_argument("--night", type=float, metavar="SHARE", help="identify, with this share of the records new")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    model = MatchModel.load(arguments.model) if arguments.model else None
    for size in arguments.records:
        records, truth = population(size)
        print(f"{size:,} records of {len(np.unique(truth)):,} people")
        if arguments.night is not None:
            night(records, model or MatchModel.load(), arguments.night)
            continue
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
