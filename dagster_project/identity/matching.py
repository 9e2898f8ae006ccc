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
    """What the model says of people. Records are numbered in the order of record_id's text, `rows` of their frame, the
    known ones after them. `people`: those scored, as `normalise` reads them. `pairs`: the linked pairs. `kept`: of the
    remembered pairs, the places of those that hold."""

    rows: np.ndarray
    people: pa.Table
    pairs: Pairs
    kept: np.ndarray


def score(people: pd.DataFrame, model: MatchModel, *, country: str) -> Scored:
    """Score people as for `resolve`."""
    with workspace(people, country) as (connection, rows):
        read = _read_people(connection, len(rows))
        return Scored(rows, read, linked_pairs(connection, model), np.zeros(0, dtype=np.int64))


def score_beside(
    people: pd.DataFrame, former: pa.Table, known: pa.Table, pairs: pa.Table, model: MatchModel, *, country: str
) -> Scored:
    """Score people, in place of `former`, beside those `known`, whose linked pairs are remembered (PAIRS_SCHEMA); both
    as `Scored.people`, with their names. All pairs there are: `Scored.pairs`, and those of `pairs` that are `kept`."""
    with workspace_beside(people, former, known, pairs, country) as (connection, rows):
        read = _read_people(connection, len(rows))
        connection.execute(
            f"""
            delete from {PEOPLE} where record not in
            (select join_key_l from {CANDIDATES} union all select join_key_r from {CANDIDATES})
            """
        ).fetchall()
        kept = arrays(connection, "select place from remembered order by place")["place"]
        return Scored(rows, read, linked_pairs(connection, model), kept)


def _read_people(connection: Scratch, count: int) -> pa.Table:
    return connection.execute(
        f"select * exclude (record, source) from {PEOPLE} where record < {count} order by record"
    ).to_arrow_table()


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
