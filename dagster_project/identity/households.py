"""One person, or two of a household? Its members share a name, an address, a number, sometimes a mailbox, and twins a
birth date; so what agrees there says nothing, and the first name, the birth date and the mailbox must tell.

How common households are among the records is the match model's `household`; in a list of single people it is 0, and a
first name that differs is a changed one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
import pyarrow as pa

from dagster_project.identity.blocking import CANDIDATES
from dagster_project.identity.comparisons import BY_NAME, COLUMNS, COMPARISONS, SILENT, Comparison, both_sides
from dagster_project.identity.match_model import Levels, MatchModel, rounded
from dagster_project.identity.normalise import PEOPLE
from dagster_project.identity.scratch import Scratch
from dagster_project.identity.workspace import arrays

_TELLING = tuple(comparison for comparison in COMPARISONS if comparison.tells_household)
_HOME = tuple(BY_NAME[name] for name in ("surname", "address", "phone"))
_AT_HOME = (
    f"surname >= {BY_NAME['surname'].value('typo')} and (address >= {BY_NAME['address'].value('house')}"
    f" or phone = {BY_NAME['phone'].value('same')} or email = {BY_NAME['email'].value('same')})"
)
_MOST_PAIRS = 200_000
# The shares of two people's pairs that are tried, and how much likelier (in natural logarithms) the likeliest may be
# than the one that is taken: two standard errors.
_SHARES = np.concatenate([np.geomspace(1e-5, 0.5, 200), np.linspace(0.505, 0.95, 90)])
_CAUTION = 2.0
_UNKNOWN = 0.5
# Fewer households than this are none worth a thought.
_RARE = 0.01
_UNDECIDED = 0.5


def person_probability(connection: Scratch, model: MatchModel, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Per pair of record numbers, the probability that they are one person's given that they are one household's.
    Undecided where neither first names nor birth dates nor mailboxes can be compared, unless households are rare."""
    asked = pa.table({"pair": np.arange(len(left)), "record_l": left, "record_r": right})
    connection.register("asked_pairs", asked)
    levels = arrays(connection, f"select {_values(_TELLING)} from ({_sides('asked_pairs', 'pair')}) order by pair")
    connection.unregister("asked_pairs")
    person, household = _likelihoods(levels, model.levels)
    probability: np.ndarray = person / (person + model.household * household)
    if model.household >= _RARE:
        speaks = np.any([levels[comparison.name] != SILENT for comparison in _TELLING], axis=0)
        probability = np.where(speaks, probability, np.minimum(probability, _UNDECIDED))
    return probability


def estimate_household(connection: Scratch, levels: Levels) -> float:
    """Pairs of two people for each pair of one person's, among the candidates that share a name and an address, a
    number or a mailbox: the most that their first names, birth dates and mailboxes do not rule out, so that a few
    records that show no household do not pass for a land without."""
    count = connection.execute(f"select count(*) from {CANDIDATES}").fetchall()[0][0]
    every = max(math.ceil(count / _MOST_PAIRS), 1)
    sample = (
        f"(select join_key_l as record_l, join_key_r as record_r from {CANDIDATES}"
        f" where hash(join_key_l, join_key_r) % {every} = 0)"
    )
    names = ", ".join(comparison.name for comparison in _TELLING)
    found = arrays(
        connection,
        f"""
        select {names}, count(*) as pairs
        from (select {_values((*_TELLING, *_HOME))} from ({_sides(sample, "1")}))
        where {_AT_HOME}
        group by all
        """,
    )
    pairs = found["pairs"]
    person, household = _likelihoods(found, levels)
    likelihood = pairs @ np.log(np.outer(household, _SHARES) + np.outer(person, 1 - _SHARES))
    best = likelihood.max()
    possible = (likelihood >= best - _CAUTION) & (max(_SHARES[likelihood.argmax()], _UNKNOWN) >= _SHARES)
    share = float(_SHARES[possible].max())
    return rounded(share / (1 - share))


def _sides(pairs: str, name: str) -> str:
    return f"""
        select {name} as pair, {both_sides(COLUMNS, "one", "other")}
        from {pairs}
        inner join {PEOPLE} as one on one.record = record_l
        inner join {PEOPLE} as other on other.record = record_r
    """


def _values(comparisons: Iterable[Comparison]) -> str:
    return ", ".join(f"{comparison.sql} as {comparison.name}" for comparison in comparisons)


def _likelihoods(found: Mapping[str, np.ndarray], levels: Levels) -> tuple[np.ndarray, np.ndarray]:
    """Per row, how likely its levels are for one person's records and for two people of a household."""
    size = len(found[_TELLING[0].name])
    person, household = np.ones(size), np.ones(size)
    for comparison in _TELLING:
        for level in comparison.levels:
            here = found[comparison.name] == comparison.value(level.name)
            person[here] *= levels[comparison.name][level.name][0]
            household[here] *= level.h or 0.0
    return person, household
