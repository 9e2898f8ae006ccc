"""Fitting a match model to records: how often the values of one person's records agree (m), and those of two (u).

Splink's expectation maximisation over tight blocks for m, pairs at random for u, both bounded and the same every time.
What the records do not show keeps the value that `comparisons` states.
"""

from __future__ import annotations

import dataclasses

import pandas as pd

from dagster_project.identity.comparisons import COLUMNS, COMPARISONS, TERMS, Comparison, both_sides
from dagster_project.identity.households import estimate_household
from dagster_project.identity.match_model import Frequencies, Levels, MatchModel, Thresholds, rounded
from dagster_project.identity.normalise import PEOPLE
from dagster_project.identity.scratch import Scratch
from dagster_project.identity.splink_linker import make_linker, said_columns
from dagster_project.identity.workspace import workspace

_RANDOM_PAIRS = 100_000
_MOST_PAIRS = 300_000
_SEED = 20_260_101
_LEAST_PAIRS = 30  # fewer tell nothing
_MOST_TERMS = 5_000
_LEAST_SHARE = 1e-6
# The records of a block agree in some fields, so it teaches the others; each pair of a block is likely one person.
_PROBE = 0.2  # of the records, to guess how many pairs a block has
_PRIOR = 1e-4
_MOST_PRIOR = 0.1
# Fields in which two people are hardly ever equal.
_SURE = (("given", "surname", "birth"), ("given", "surname", "email"), ("given", "surname", "phone"))
_BLOCKS = (
    ("given", "surname"),
    ("birth", "postcode"),
    ("birth", "surname"),
)


def train(records: pd.DataFrame, thresholds: Thresholds | None = None, *, country: str = "FR") -> MatchModel:
    """The match model of these records (a frame as for `resolve`); the same records give the same model, in whatever
    order. Records too few or too alike to learn from leave the values of `comparisons` in place."""
    with workspace(records, country) as (connection, _):
        return fit(connection, thresholds or Thresholds())


def fit(connection: Scratch, thresholds: Thresholds) -> MatchModel:
    """The match model of the tables PEOPLE and CANDIDATES; the shipped one where they teach nothing."""
    blocks = _teaching_blocks(connection)
    if not blocks:
        return dataclasses.replace(MatchModel.load(), thresholds=thresholds)
    frequencies = {term: _frequencies(connection, term) for term in TERMS}
    random_shares = _random_shares(connection)
    stated = {
        each.name: {level.name: (level.m, random_shares[each.name][level.name]) for level in each.levels}
        for each in COMPARISONS
    }
    records = connection.execute(f"select count(*) from {PEOPLE}").fetchall()[0][0]
    start = MatchModel(_PRIOR, records, 0.0, stated, frequencies, thresholds)
    levels = _maximised(connection, start, blocks)
    return MatchModel(
        prior=_prior(connection, levels),
        records=records,
        household=estimate_household(connection, levels),
        levels=levels,
        frequencies=frequencies,
        thresholds=thresholds,
    )


def _frequencies(connection: Scratch, column: str) -> Frequencies:
    """The shares of the values that occur more than once; the rare share is that of one that occurs once."""
    said = connection.execute(f"select count({column}) from {PEOPLE}").fetchall()[0][0]
    counts = connection.execute(
        f"""
        select {column}, count(*) from {PEOPLE} where {column} is not null
        group by 1 having count(*) > 1 order by 2 desc, 1 limit {_MOST_TERMS}
        """
    ).fetchall()
    rare = max(counts[-1][1] / said if len(counts) == _MOST_TERMS else 1 / max(said, 1), _LEAST_SHARE)
    return Frequencies(rounded(rare), {value: rounded(count / said) for value, count in sorted(counts)})


def _random_shares(connection: Scratch) -> dict[str, dict[str, float]]:
    """Per comparison and level, the share of random pairs: exact for equal values, else of _RANDOM_PAIRS pairs of
    records far apart in a shuffled order; as stated where so few pairs show none."""
    values = ", ".join(f"{comparison.sql} as {comparison.name}" for comparison in COMPARISONS)
    records = connection.execute(f"select count(*) from {PEOPLE}").fetchall()[0][0]
    rounds = max(1, min(_RANDOM_PAIRS // max(records, 1), (records - 1) // 2))
    step = max(records // (rounds + 1), 1)
    connection.execute(
        f"""
        create or replace temp table shuffled as
        select *, row_number() over (order by hash(record), record) - 1 as place from {PEOPLE}
        """
    ).fetchall()
    connection.execute(
        f"""
        create or replace temp table compared as
        with
        sides as (
            select {both_sides(COLUMNS, "one", "other")}
            from (select *, unnest(range(1, {rounds} + 1)) as round from shuffled where place < {_RANDOM_PAIRS}) as one
            inner join shuffled as other on other.place = (one.place + one.round * {step}) % {records}
            where one.record <> other.record
        )
        select {values} from sides
        """
    ).fetchall()
    found = {}
    for comparison in COMPARISONS:
        counts = dict(
            connection.execute(
                f"select {comparison.name}, count(*) from compared where {comparison.name} <> -1 group by 1"
            ).fetchall()
        )
        pairs = sum(counts.values())
        shares = {}
        for level in comparison.levels:
            seen = counts.get(comparison.value(level.name), 0)
            shares[level.name] = rounded(seen / pairs) if seen >= _LEAST_PAIRS else level.u
        best = comparison.levels[0]
        if (equal := _equal_share(connection, comparison)) is not None:
            shares[best.name] = equal
        found[comparison.name] = shares
    return found


def _equal_share(connection: Scratch, comparison: Comparison) -> float | None:
    """The share of pairs of records with an equal value, exactly; None where no two are equal."""
    (column, *others) = comparison.needs
    value = " || ' ' || ".join((column, *others))
    pairs, said = connection.execute(
        f"""
        select sum(bearers * (bearers - 1))::double, sum(bearers)::double
        from (select count(*) as bearers from {PEOPLE} where {value} is not null group by {value})
        """
    ).fetchall()[0]
    return rounded(pairs / (said * (said - 1.0))) if pairs else None


def _teaching_blocks(connection: Scratch) -> list[tuple[str, ...]]:
    said = said_columns(connection)
    return [block for block in _BLOCKS if said.issuperset(block) and _equal_pairs(connection, block) >= _LEAST_PAIRS]


def _maximised(connection: Scratch, start: MatchModel, blocks: list[tuple[str, ...]]) -> Levels:
    """The levels of `start` with the m that expectation maximisation finds, the median over blocks."""
    linker = make_linker(connection, start)
    for block in blocks:
        linker.training.estimate_parameters_using_expectation_maximisation(
            " and ".join(f"l.{column} = r.{column}" for column in block),
            max_pairs=_MOST_PAIRS,
            record_sample_proportion=_PROBE,
            estimate_without_term_frequencies=True,
        )
    learned = {each["output_column_name"]: each for each in linker.misc.save_model_to_json()["comparisons"]}
    levels = {}
    for name, shares in start.levels.items():
        told = {each["label_for_charts"]: each for each in learned.get(name, {}).get("comparison_levels", [])}
        m = {
            level: max(told.get(level, {}).get("m_probability") or share[0], _LEAST_SHARE)
            for level, share in shares.items()
        }
        total_m, total_u = sum(m.values()), sum(u for _, u in shares.values())
        levels[name] = {level: (rounded(m[level] / total_m), rounded(u / total_u)) for level, (_, u) in shares.items()}
    return levels


def _prior(connection: Scratch, levels: Levels) -> float:
    """The share of all pairs that are one person's: the pairs equal in fields that only one person's records share,
    divided by how often one person's records are equal in them."""
    records = connection.execute(f"select count(*) from {PEOPLE}").fetchall()[0][0]
    for columns in _SURE:
        equal = _equal_pairs(connection, columns)
        if equal < _LEAST_PAIRS:
            continue
        said = connection.execute(
            f"select {', '.join(f'count({column})' for column in columns)} from {PEOPLE}"
        ).fetchall()[0]
        found = 1.0
        for column, count in zip(columns, said, strict=True):
            found *= levels[column]["same"][0] * (count / records) ** 2
        return rounded(min(equal / found / (records * (records - 1) / 2), _MOST_PRIOR))
    return _PRIOR


def _equal_pairs(connection: Scratch, columns: tuple[str, ...]) -> int:
    """How many pairs of records are equal in all of these columns."""
    conditions = " and ".join(f"{column} is not null" for column in columns)
    pairs = connection.execute(
        f"""
        select coalesce(sum(bearers * (bearers - 1) // 2), 0)
        from (select count(*) as bearers from {PEOPLE} where {conditions} group by {", ".join(columns)})
        """
    ).fetchall()
    return int(pairs[0][0])
