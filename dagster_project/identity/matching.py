"""From people to scored pairs: which two records are one person's, and with what probability.

The evidence adds up as if its kinds were independent, which they are not inside a household; so a pair must also be
likelier one person's than two people's of one household (`households`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from dagster_project.identity.blocking import CANDIDATES
from dagster_project.identity.households import person_probability
from dagster_project.identity.match_model import MatchModel
from dagster_project.identity.memory import PAIRS_SCHEMA, RECORD, Memory
from dagster_project.identity.normalise import PEOPLE
from dagster_project.identity.scratch import Scratch
from dagster_project.identity.splink_linker import make_linker
from dagster_project.identity.workspace import arrays, workspace, workspace_beside

# Weights are compared after rounding: the last bits of Splink's sums depend on the order they were added in.
_WEIGHT_DIGITS = 4


@dataclass(frozen=True)
class Pairs:
    """Parallel arrays over pairs of record numbers, left < right, sorted, each pair once."""

    left: np.ndarray
    right: np.ndarray
    probability: np.ndarray


def score_pairs(people: pd.DataFrame, model: MatchModel, *, country: str = "FR") -> pd.DataFrame:
    """The pairs of records that the model takes for one person's: (record_l, record_r, probability), by record.

    `people` as for `resolve`. probability in [thresholds.link, 1], rounded to 6 digits; no pair twice, record_l before
    record_r. Raises ValueError as `normalise` does.
    """
    with workspace(people, country) as (connection, rows):
        pairs = linked_pairs(connection, model.among(len(rows)))
    ids = people["record_id"].to_numpy()[rows]
    return pd.DataFrame({"record_l": ids[pairs.left], "record_r": ids[pairs.right], "probability": pairs.probability})


@dataclass(frozen=True)
class Scored:
    """What the model says of named people. `people`: those scored, as `normalise` reads them, with the names given.
    `pairs`: the linked pairs (PAIRS_SCHEMA). `kept`: of the pairs remembered, the places of those that hold."""

    people: pa.Table
    pairs: pa.Table
    kept: np.ndarray


def score(people: pd.DataFrame, names: pa.Table, model: MatchModel, *, country: str) -> Scored:
    """Score people as for `resolve`; `names` (and what else is to go with them) are theirs, row by row."""
    with workspace(people, country) as (connection, rows):
        named = names.take(rows)
        read = _read_people(connection, named)
        return Scored(read, _named_pairs(connection, linked_pairs(connection, model), named), np.zeros(0, np.int64))


def score_beside(
    people: pd.DataFrame, names: pa.Table, altered: pa.Table, memory: Memory, model: MatchModel, *, country: str
) -> Scored:
    """Score people, in place of those named in `altered`, beside all others that are remembered. All pairs there are
    now: `pairs` of the answer, and those of the memory that are `kept`."""
    with workspace_beside(people, altered, memory.matched_people, memory.scored_pairs, country) as (connection, rows):
        named = names.take(rows)
        read = _read_people(connection, named)
        connection.execute(
            f"""
            delete from {PEOPLE} where record not in
            (select join_key_l from {CANDIDATES} union all select join_key_r from {CANDIDATES})
            """
        ).fetchall()
        kept = arrays(connection, "select place from remembered order by place")["place"]
        return Scored(read, _named_pairs(connection, linked_pairs(connection, model), named, "known"), kept)


def _read_people(connection: Scratch, named: pa.Table) -> pa.Table:
    """The first rows of PEOPLE, which bear these names."""
    read = connection.execute(
        f"select * exclude (record, source) from {PEOPLE} where record < {named.num_rows} order by record"
    ).to_arrow_table()
    for name in reversed(named.column_names):
        read = read.add_column(0, named.schema.field(name), named[name])
    return read


def _named_pairs(connection: Scratch, pairs: Pairs, named: pa.Table, known: str | None = None) -> pa.Table:
    """PAIRS_SCHEMA; `named` are the names of the first records, the table `known` has those of the others."""
    name = ", ".join(RECORD)
    numbers = pa.array(np.arange(named.num_rows))
    connection.register("first_names", named.select(RECORD).append_column("record", numbers))
    found = pa.table({"one": pairs.left, "other": pairs.right, "probability": pairs.probability})
    connection.register("found_pairs", found)
    sides = ", ".join(f"{side}.{column} as {column}_{side}" for side in "ab" for column in RECORD)
    return (
        connection.execute(
            f"""
            with
            names as (
                select record, struct_pack({name}) as name
                from (from first_names {f"union all by name select {name}, record from {known}" if known else ""})
            ),
            named as (
                select least(x.name, y.name) as a, greatest(x.name, y.name) as b, probability
                from found_pairs
                inner join names as x on x.record = one
                inner join names as y on y.record = other
            )
            select {sides}, probability from named
            """
        )
        .to_arrow_table()
        .cast(PAIRS_SCHEMA)
    )


def linked_pairs(connection: Scratch, model: MatchModel) -> Pairs:
    """The pairs of CANDIDATES at or above the model's link threshold that are no two people of one household."""
    if not connection.execute(f"select count(*) from {CANDIDATES}").fetchall()[0][0]:
        return Pairs(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0))
    linker = make_linker(connection, model)
    linker.table_management.register_blocked_pairs_for_predict(linker._db_api.register(CANDIDATES))
    least = math.log2(model.thresholds.link / (1 - model.thresholds.link))
    scored = linker.inference.predict(threshold_match_weight=least - 0.01, warning_mode="never").physical_name
    found = arrays(
        connection,
        f"""
        select record_l, record_r, round(match_weight, {_WEIGHT_DIGITS}) as weight
        from {scored}
        where round(match_weight, {_WEIGHT_DIGITS}) >= {least}
        order by record_l, record_r
        """,
    )
    connection.execute(f"drop table {scored}").fetchall()
    left, right = found["record_l"], found["record_r"]
    probability = np.round(1 / (1 + np.exp2(-found["weight"])), 6)
    kept = person_probability(connection, model, left, right) >= model.thresholds.person
    return Pairs(left[kept], right[kept], probability[kept])
