"""The tables that matching works on, in a private in-memory DuckDB that goes when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd

from dagster_project.identity.blocking import make_candidates
from dagster_project.identity.comparisons import define_macros
from dagster_project.identity.normalise import normalise
from dagster_project.identity.scratch import Scratch, open_scratch


@contextmanager
def workspace(records: pd.DataFrame, country: str) -> Iterator[tuple[Scratch, np.ndarray]]:
    """A connection with the tables `people` and `candidates` of these records, and the rows of `records` by record
    number. Raises ValueError as `normalise` does."""
    with open_scratch() as connection:
        rows = normalise(connection, records, country)
        define_macros(connection)
        make_candidates(connection)
        yield connection, rows


def arrays(connection: Scratch, query: str) -> dict[str, np.ndarray]:
    """The columns of a query's answer by name."""
    answer = connection.execute(query).to_arrow_table()
    return {name: answer[name].to_numpy() for name in answer.column_names}
