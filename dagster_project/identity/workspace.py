"""The tables that matching works on, in a private in-memory DuckDB that goes when it is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.identity.blocking import make_candidates, make_candidates_beside
from dagster_project.identity.comparisons import define_macros
from dagster_project.identity.memory import RECORD
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
    records: pd.DataFrame, former: pa.Table, known: pa.Table, pairs: pa.Table, country: str
) -> Iterator[tuple[Scratch, np.ndarray]]:
    """The same for new records beside others that are `known`: the records are numbered first, then the known.

    `former` and `known` hold rows of `people`, by name: what was there in place of the new records, and the others'.
    The candidates are those that the new records make; a table `remembered` (record_l, record_r, place) has those of
    `pairs`, by their place there, that hold no new record and still are candidates.
    """
    with open_scratch() as connection:
        rows = normalise(connection, records, country)
        define_macros(connection)
        for name, people, start in (("former", former, 0), ("known", known, len(rows))):
            numbers = pa.array(np.arange(start, start + people.num_rows))
            connection.register(name, people.append_column("record", numbers))
        connection.execute(f"insert into {PEOPLE} by name select * exclude ({', '.join(RECORD)}) from known").fetchall()
        connection.register("pairs", pairs.append_column("place", pa.array(np.arange(pairs.num_rows))))
        one, other = (" and ".join(f"{side}.{name} = {name}_{side}" for name in RECORD) for side in "ab")
        connection.execute(
            f"""
            create table remembered as
            select least(a.record, b.record) as record_l, greatest(a.record, b.record) as record_r, place
            from pairs inner join known as a on {one} inner join known as b on {other}
            """
        ).fetchall()
        make_candidates_beside(connection, len(rows), "former", "remembered")
        yield connection, rows


def arrays(connection: Scratch, query: str) -> dict[str, np.ndarray]:
    """The columns of a query's answer by name."""
    answer = connection.execute(query).to_arrow_table()
    return {name: answer[name].to_numpy() for name in answer.column_names}
