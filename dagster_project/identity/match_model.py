"""The match model: the one versioned input that says how much each agreement is worth, and from what sum on two records
are one person's.

It is a JSON file, its numbers rounded to 6 digits, so that a model read back is the model that was written. The default
ships with the package; `training.train` makes another.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dagster_project.identity.comparisons import COMPARISONS, TERMS

FORMAT = 1
SHIPPED = Path(__file__).with_name("match_model.json")

# levels[comparison][level]: (m, u).
Levels = Mapping[str, Mapping[str, tuple[float, float]]]


class MatchModelError(ValueError):
    """A file that is no match model of this version of the code."""


@dataclass(frozen=True)
class Thresholds:
    """`link`: the least probability that joins two records, `keyed`: two clusters that keys built, where a wrong join
    costs more. `strong`: the least that holds two groups of records
    together on its own. `person`, `household`: from what probability on a pair counts as one person's rather than two
    of a household, and up to what as two people's. `cluster_records`: how many records one person may have."""

    link: float = 0.5
    keyed: float = 0.9
    person: float = 0.8
    household: float = 0.1
    strong: float = 0.99
    cluster_records: int = 40


@dataclass(frozen=True)
class Frequencies:
    """How often each of the usual values of a column occurs, as a share of its values; `rare` for all others."""

    rare: float
    shares: Mapping[str, float]


@dataclass(frozen=True)
class MatchModel:
    """`prior`: probability that two random records are one person's, among `records` of them. `household`: pairs of
    two people of one household, for each pair of one person's records; 0 where households do not occur.
    `levels[comparison][level]`: shares (m, u) of matching and of random pairs, in (0, 1]. `frequencies[column]` for the
    columns of comparisons.TERMS."""

    prior: float
    records: int
    household: float
    levels: Levels
    frequencies: Mapping[str, Frequencies]
    thresholds: Thresholds = Thresholds()

    @property
    def version(self) -> str:
        """12 hex digits that change with any of the numbers."""
        return hashlib.sha256(self._json().encode()).hexdigest()[:12]

    def among(self, records: int) -> MatchModel:
        """The model for so many records: in a crowd twice as large, two random records are half as likely one person's,
        and a name has twice as many bearers. The prior is halved at each doubling beyond the records it was trained on:
        links move at a doubling, not every night."""
        doublings = max(math.floor(math.log2(records / self.records)), 0) if records else 0
        return replace(self, prior=rounded(self.prior / 2**doublings))

    def down_to(self, probability: float) -> MatchModel:
        """The model that tells pairs of this probability too, where it is below its link threshold."""
        return replace(self, thresholds=replace(self.thresholds, link=min(probability, self.thresholds.link)))

    def save(self, path: Path) -> None:
        """Write the model as JSON, keys sorted, one value per line."""
        path.write_text(self._json(), encoding="utf-8")

    @classmethod
    def load(cls, path: Path = SHIPPED) -> MatchModel:
        """The model in a file, the shipped one by default. Raises MatchModelError naming what is wrong with it."""
        try:
            read = json.loads(path.read_text(encoding="utf-8"))
            if read["format"] != FORMAT:
                raise MatchModelError(f"{path}: match model of format {read['format']}, expected {FORMAT}; train again")
            model = cls(
                prior=float(read["prior"]),
                records=int(read["records"]),
                household=float(read["household"]),
                levels={
                    name: {level: (m, u) for level, (m, u) in levels.items()} for name, levels in read["levels"].items()
                },
                frequencies={name: Frequencies(**said) for name, said in read["frequencies"].items()},
                thresholds=Thresholds(**read["thresholds"]),
            )
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise MatchModelError(f"{path}: no match model ({error!r})") from error
        expected = {each.name: {level.name for level in each.levels} for each in COMPARISONS}
        found = {name: set(levels) for name, levels in model.levels.items()}
        if found != expected or set(model.frequencies) != set(TERMS):
            raise MatchModelError(f"{path}: its comparisons are not those of this version; train again")
        return model

    def _json(self) -> str:
        content: dict[str, Any] = {
            "format": FORMAT,
            "prior": self.prior,
            "records": self.records,
            "household": self.household,
            "thresholds": vars(self.thresholds),
            "levels": self.levels,
            "frequencies": {name: vars(said) for name, said in self.frequencies.items()},
        }
        return json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def rounded(number: float) -> float:
    """To 6 significant digits: what two trainings on the same records agree on."""
    return float(f"{number:.6g}")
