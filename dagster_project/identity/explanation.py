"""Why records are one customer: the evidence in words and numbers, for people who know customers and not models."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from dagster_project.identity.comparisons import COLUMNS, COMPARISONS, SILENT, Comparison, Level, both_sides
from dagster_project.identity.match_model import MatchModel
from dagster_project.identity.normalise import PEOPLE
from dagster_project.identity.workspace import workspace

_NOUNS = {
    "given": "first name", "surname": "surname", "birth": "birth date", "email": "e-mail", "phone": "phone",
    "address": "street and number", "place": "town",
}  # fmt: skip
# How a level reads; {} stands for the noun. Levels not listed: `same` is "the same {}", the last one "another {}".
_WORDS = {
    ("given", "variant"): "a form of the same first name",
    ("given", "initial"): "only the initial of the first name",
    ("given", "swapped"): "first name and surname swapped",
    ("given", "two_names"): "two different first names",
    ("surname", "part"): "a part of the surname in common",
    ("birth", "swapped"): "the same birth date with day and month swapped",
    ("birth", "near"): "birth dates that differ in one of day, month and year",
    ("email", "local"): "the same mailbox name at another provider",
    ("address", "house"): "the same house",
    ("address", "street"): "the same street",
    ("address", "number"): "the same house number in another street",
    ("place", "postcode"): "the same postcode",
    ("place", "city"): "the same town",
    ("place", "near"): "a neighbouring postcode",
    ("place", "district"): "the same department",
}


@dataclass(frozen=True)
class Finding:
    """What one comparison of two records says. `factor`: how many times likelier it makes one person than two strangers
    (below 1: less likely)."""

    text: str
    factor: float

    def __str__(self) -> str:
        return f"{self.text} ({times(self.factor)})"


def compare(one: dict[str, Any], other: dict[str, Any], model: MatchModel, *, country: str = "FR") -> list[Finding]:
    """What the match model sees in two records (fields as for `resolve`, record_id aside), the weightiest first. What
    either does not say is left out."""
    pair = pd.DataFrame([one | {"record_id": "1"}, other | {"record_id": "2"}], dtype=object)
    with workspace(pair, country) as (connection, _):
        values = ", ".join(f"{comparison.sql} as {comparison.name}" for comparison in COMPARISONS)
        sides = both_sides(COLUMNS, "one", "other")
        found = connection.execute(
            f"select {values} from (select {sides} from {PEOPLE} as one, {PEOPLE} as other"
            " where one.record = 0 and other.record = 1)"
        ).fetchall()[0]
        said = connection.execute(f"select given, surname, postcode from {PEOPLE} where record = 0").fetchall()[0]
    rare = dict(zip(("given", "surname", "postcode"), said, strict=True))
    findings = []
    for comparison, value in zip(COMPARISONS, found, strict=True):
        if value != SILENT:
            level = comparison.levels[len(comparison.levels) - 1 - value]
            findings.append(Finding(_words(comparison, level), _factor(comparison, level, model, rare)))
    return sorted(findings, key=lambda finding: -abs(math.log(finding.factor)))


def _factor(comparison: Comparison, level: Level, model: MatchModel, said: dict[str, str | None]) -> float:
    """m / u; where the level minds the very value, by how much rarer that is than the average value two people share,
    which is the u of the level where its column alone is equal. So does Splink score."""
    m, u = model.levels[comparison.name][level.name]
    column = level.frequency_of
    value = said.get(column or "")
    if column is None or value is None:
        return m / u
    (alone,) = (each.name for each in comparison.levels if each.sql == f"{column}_l = {column}_r")
    _, average = model.levels[comparison.name][alone]
    known = model.frequencies[column]
    return m / u * average / known.shares.get(value, known.rare)


def _words(comparison: Comparison, level: Level) -> str:
    noun = _NOUNS[comparison.name]
    if (comparison.name, level.name) in _WORDS:
        return _WORDS[comparison.name, level.name]
    if level.name == "same":
        return f"the same {noun}"
    if level.name == "typo":
        return f"the same {noun} but for a typing error"
    return f"another {noun}"


def times(factor: float) -> str:
    """A factor as people say it, to two digits."""
    large = factor if factor >= 1 else 1 / factor
    rounded = round(large, 1 - math.floor(math.log10(large))) if large >= 10 else round(large, 1)
    number = f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"
    return f"{number} times as likely" if factor >= 1 else f"{number} times less likely"


def joined(kind: str, value: str | None, records: Sequence[str]) -> str:
    """A piece of evidence other than likeness, as a sentence; `kind` as in EVIDENCE_SCHEMA, `records` their names."""
    named = ", ".join(records)
    if kind == "steward":
        return f"A steward decided that {named} are one person."
    what = {"email": "e-mail", "phone": "phone number", "loyalty_card": "loyalty card", "web_account": "web account"}
    return f"The {what[kind]} {value} is on {len(records)} records: {named}."
