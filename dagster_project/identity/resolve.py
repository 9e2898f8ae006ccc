"""Who is who in a frame of people: the public face of probabilistic matching."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import numpy as np
import pandas as pd

from dagster_project.identity.bridges import cluster
from dagster_project.identity.households import person_probability
from dagster_project.identity.ids import customer_id
from dagster_project.identity.match_model import MatchModel, Thresholds
from dagster_project.identity.matching import Pairs, linked_pairs
from dagster_project.identity.normalise import PEOPLE
from dagster_project.identity.training import fit
from dagster_project.identity.workspace import arrays, workspace
from dagster_project.settings import DEMO_ID_KEY

SINGLE, PROBABILISTIC = "single", "probabilistic"


def resolve(
    records: pd.DataFrame,
    model: MatchModel | Path | str | None = None,
    *,
    id_key: str = DEMO_ID_KEY,
    deduplicated_sources: Collection[str] = (),
    country: str = "FR",
) -> pd.DataFrame:
    """Find out which records are one person's.

    `records`: one row per record, with record_id and any of source_system, given_name, surname, birth_date, email,
    phone, address, postcode, city, all as text. `model`: a match model or its file; None trains one on these records.
    `id_key` keys the ids; records of a source in `deduplicated_sources` are never one another's person; `country` is
    the region of phone numbers without a prefix.

    Returns one row per record in the order given: record_id, customer_id (that of the cluster's first record by
    record_id), match_method (`probabilistic`, or `single` for a record of its own), match_probability (of the best link
    within the cluster, 1 for a single). Neither the order of rows nor repeated runs change it. Raises ValueError when
    record_id is missing, empty or repeated.
    """
    with workspace(records, country) as (connection, rows):
        if model is None:
            model = fit(connection, Thresholds())
        elif not isinstance(model, MatchModel):
            model = MatchModel.load(Path(model))
        model = model.among(len(rows))
        pairs = linked_pairs(connection, model)
        sources = arrays(connection, f"select source from {PEOPLE} order by record")["source"]
        named = cluster(
            len(rows),
            pairs,
            model.thresholds,
            lambda left, right: person_probability(connection, model, left, right) <= model.thresholds.household,
            _only_once(sources, deduplicated_sources),
        )
    return _answer(records, rows, named, pairs, sources, id_key)


def _only_once(sources: np.ndarray, deduplicated: Collection[str]) -> np.ndarray:
    numbers = {source: number for number, source in enumerate(sorted(deduplicated))}
    known, inverse = np.unique(sources.astype(object), return_inverse=True)
    only_once: np.ndarray = np.array([numbers.get(source, -1) for source in known], dtype=np.int64)[inverse]
    return only_once


def _answer(
    records: pd.DataFrame, rows: np.ndarray, named: np.ndarray, pairs: Pairs, sources: np.ndarray, id_key: str
) -> pd.DataFrame:
    probability = np.zeros(len(rows))
    inside = named[pairs.left] == named[pairs.right]
    for side in (pairs.left, pairs.right):
        np.maximum.at(probability, side[inside], pairs.probability[inside])
    several = np.bincount(named, minlength=len(rows))[named] > 1
    ids = records["record_id"].astype(str).str.strip().to_numpy()[rows]
    firsts, inverse = np.unique(named, return_inverse=True)
    customers = np.array([customer_id(id_key, sources[first], ids[first]) for first in firsts], dtype=object)
    place = np.empty(len(rows), dtype=np.int64)
    place[rows] = np.arange(len(rows))
    return pd.DataFrame(
        {
            "record_id": records["record_id"].to_numpy(),
            "customer_id": customers[inverse][place],
            "match_method": np.where(several, PROBABILISTIC, SINGLE)[place],
            "match_probability": np.where(several, probability, 1.0)[place],
        }
    )
