"""The tables that matching works on, in a private in-memory DuckDB that goes when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.identity.blocking import make_candidates, make_candidates_beside
from dagster_project.identity.comparisons import define_macros
from dagster_project.identity.memory import RECORD, SAID
from dagster_project.identity.normalise import PEOPLE, normalise
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


@contextmanager
def workspace_beside(
    records: pd.DataFrame, altered: pa.Table, people: pa.Table, pairs: pa.Table, country: str
) -> Iterator[tuple[Scratch, np.ndarray]]:
    """The same for new records beside the `people` there are (rows of `people` by name), but for the names in
    `altered`, in whose place the new ones are. New records are numbered first; a table `known` has the numbers of the
    others.

    The candidates are those that the new records make; a table `remembered` (record_l, record_r, place) has those of
    `pairs`, by their place there, that hold no altered record and still are candidates.
    """
    name = ", ".join(RECORD)
    one, other = (" and ".join(f"{side}.{column} = {column}_{side}" for column in RECORD) for side in "ab")
    with open_scratch() as connection:
        rows = normalise(connection, records, country)
        define_macros(connection)
        connection.register("there", people)
        connection.register("altered", altered)
        connection.register("pairs", pairs.append_column("place", pa.array(np.arange(pairs.num_rows))))
        columns = ", ".join(column for column in people.column_names if column not in (*RECORD, SAID))
        for statement in (
            f"create table known as select {name}, {columns}, row_number() over () - 1 + {len(rows)} as record"
            f" from there anti join altered using ({name})",
            f"create table former as select {columns}, row_number() over () - 1 as record"
            f" from there semi join altered using ({name})",
            f"insert into {PEOPLE} by name select {columns}, record from known",
            f"""
            create table remembered as
            select least(a.record, b.record) as record_l, greatest(a.record, b.record) as record_r, place
            from pairs inner join known as a on {one} inner join known as b on {other}
            """,
        ):
            connection.execute(statement).fetchall()
        make_candidates_beside(connection, len(rows), "former", "remembered")
        yield connection, rows


def arrays(connection: Scratch, query: str) -> dict[str, np.ndarray]:
    """The columns of a query's answer by name."""
    answer = connection.execute(query).to_arrow_table()
    return {name: answer[name].to_numpy() for name in answer.column_names}
