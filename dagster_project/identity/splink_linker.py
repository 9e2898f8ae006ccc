"""A match model as Splink takes it: the only module that knows Splink."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from dagster_project.identity.comparisons import COMPARISONS, TERMS, Comparison
from dagster_project.identity.match_model import MatchModel
from dagster_project.identity.normalise import PEOPLE
from dagster_project.identity.scratch import Scratch

if TYPE_CHECKING:
    from splink import Linker


def make_linker(connection: Scratch, model: MatchModel) -> Linker:
    """A linker over the table PEOPLE of this connection. Comparisons without anything to compare are left out."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its SQL parser warns of a package of another's at import
        from splink import DuckDBAPI, Linker
    # It warns of every level that the training records do not show; those keep the shares that `comparisons` states.
    logging.getLogger("splink").setLevel(logging.ERROR)
    said = said_columns(connection)
    settings = {
        "link_type": "dedupe_only",
        "unique_id_column_name": "record",
        "probability_two_random_records_match": model.prior,
        "retain_matching_columns": False,
        "retain_intermediate_calculation_columns": False,
        "blocking_rules_to_generate_predictions": [],
        "comparisons": [
            _settings(comparison, model.levels[comparison.name])
            for comparison in COMPARISONS
            if said.intersection(comparison.needs)
        ],
    }
    api = DuckDBAPI(connection)
    linker = Linker(api.register(PEOPLE), settings, log_level=None, validate_settings=False)
    for term in TERMS:
        table = _frequencies(connection, model, term)
        linker.table_management.register_term_frequency_lookup(api.register(table), term)
    return linker


def said_columns(connection: Scratch) -> frozenset[str]:
    """The columns of PEOPLE in which any record says something."""
    columns = sorted({column for comparison in COMPARISONS for column in comparison.needs})
    counts = connection.execute(
        f"select {', '.join(f'count({column})' for column in columns)} from {PEOPLE}"
    ).fetchall()
    return frozenset(column for column, count in zip(columns, counts[0], strict=True) if count)


def _settings(comparison: Comparison, shares: Mapping[str, tuple[float, float]]) -> dict[str, Any]:
    levels: list[dict[str, Any]] = [
        {"sql_condition": comparison.silent, "label_for_charts": "silent", "is_null_level": True}
    ]
    for level in comparison.levels:
        m, u = shares[level.name]
        levels.append(
            {
                "sql_condition": level.sql,
                "label_for_charts": level.name,
                "m_probability": m,
                "u_probability": u,
                **(
                    {"tf_adjustment_column": level.frequency_of, "tf_adjustment_weight": 1.0}
                    if level.frequency_of
                    else {}
                ),
            }
        )
    return {"output_column_name": comparison.name, "comparison_levels": levels}


def _frequencies(connection: Scratch, model: MatchModel, term: str) -> str:
    """A table of the model's share of every value that PEOPLE holds."""
    said = model.frequencies[term]
    known = pa.table(
        {"value": pa.array(list(said.shares), pa.string()), "share": pa.array(said.shares.values(), pa.float64())}
    )
    connection.register("known_shares", known)
    table = f"frequencies_of_{term}"
    connection.execute(
        f"""
        create or replace table {table} as
        select distinct {term}, coalesce(known_shares.share, {said.rare}) as tf_{term}
        from {PEOPLE}
        left join known_shares on known_shares.value = {term}
        where {term} is not null
        """
    ).fetchall()
    connection.unregister("known_shares")
    return table
