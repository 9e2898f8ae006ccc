"""The gate beside the same checks as plain SQL: seconds of both in one run, and their ratio.

python -m benchmarks.gate --home /path/to/a/home/after/a/run

Imports of the library and pages of the Data Docs are left out on the one side; on the other, every rule is one query,
as a person would write it, over one connection.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.defs.pipeline import Pipeline
from dagster_project.settings import Home, load_settings
from data_quality.library import great_expectations
from data_quality.runner import run_stage
from data_quality.suites.vocabulary import STAGES, TableSuite, literal


def as_sql(suite: TableSuite, texts: Sequence[str]) -> list[str]:
    """Each rule of a suite as a query that counts what breaks it."""
    queries = []
    for rule in suite.build(texts).expectations:
        kwargs: dict[str, Any] = rule.configuration.kwargs
        column = f'"{kwargs["column"]}"' if "column" in kwargs else ""
        if "unexpected_rows_query" in kwargs:
            found = kwargs["unexpected_rows_query"].format(batch=suite.table)
            queries.append(f"select count(*) from ({found})")
        elif rule.expectation_type == "expect_table_row_count_to_be_between":
            queries.append(f"select count(*) from {suite.table}")
        elif rule.expectation_type == "expect_column_values_to_not_be_null":
            queries.append(f"select count(*) from {suite.table} where {column} is null")
        elif rule.expectation_type == "expect_column_values_to_be_in_set":
            listed = ", ".join(literal(str(value)) for value in kwargs["value_set"])
            queries.append(f"select count(*) from {suite.table} where {column} not in ({listed})")
        elif rule.expectation_type == "expect_column_values_to_be_between":
            bounds = [("<", kwargs.get("min_value")), (">", kwargs.get("max_value"))]
            off = " or ".join(f"{column} {sign} {value}" for sign, value in bounds if value is not None)
            queries.append(f"select count(*) from {suite.table} where {off}")
        else:
            raise NotImplementedError(rule.expectation_type)
    return queries


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="an OMNIVUE_HOME after a run on DuckDB")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    place = Home(options.home.resolve())
    pipeline = Pipeline(place, load_settings(place.settings_file))
    great_expectations()
    suites = {stage: pipeline.suites(stage) for stage in STAGES}
    with duckdb.connect(str(place.warehouse), read_only=True) as session:
        texts = {
            suite.name: [
                name for name, type_, *_ in session.execute(f"describe {suite.table}").fetchall() if type_ == "VARCHAR"
            ]
            for each in suites.values()
            for suite in each
        }
    queries = {
        stage: [sql for suite in each for sql in as_sql(suite, texts[suite.name])] for stage, each in suites.items()
    }
    print(f"{'stage':<10}{'rules':>8}{'gate':>10}{'SQL':>10}{'ratio':>8}")
    best: dict[str, tuple[float, float]] = {}
    for _ in range(options.rounds):
        for stage, each in suites.items():
            started = time.perf_counter()
            result = run_stage(stage, each, place.warehouse, title="benchmark")
            gate = time.perf_counter() - started
            started = time.perf_counter()
            with duckdb.connect(str(place.warehouse), read_only=True) as session:
                for sql in queries[stage]:
                    session.execute(sql).fetchall()
            plain = time.perf_counter() - started
            before = best.get(stage, (gate, plain))
            best[stage] = (min(before[0], gate), min(before[1], plain))
            assert len(result.expectations) == len(queries[stage]), "every rule is one query"
    for stage, (gate, plain) in best.items():
        print(f"{stage:<10}{len(queries[stage]):>8}{gate:>8.1f} s{plain:>8.1f} s{gate / plain:>8.2f}")
    gate, plain = (sum(times[side] for times in best.values()) for side in (0, 1))
    print(f"{'all':<10}{sum(map(len, queries.values())):>8}{gate:>8.1f} s{plain:>8.1f} s{gate / plain:>8.2f}")


if __name__ == "__main__":
    main()
