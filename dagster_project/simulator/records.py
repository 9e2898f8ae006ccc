"""The systems' view of the people, shared by channels: spellings, the address used at a time, and the keys seen in
each source.

`Sightings` collects which person stands behind every source record that is written: the truth of identity.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.simulator.behaviour import World
from dagster_project.simulator.columns import Flags, Ints, Text, blank, choose, joined
from dagster_project.simulator.people import KINDS, Spelling, person_ids, spell
from dagster_project.simulator.sales import Sales


@dataclass
class Sightings:
    """(source_system, source_person_key, person, kind) of every record written, repeats included.

    `mailboxes`: addresses that two people share, whether or not both were seen.
    """

    mailboxes: frozenset[str] = frozenset()
    frames: list[pd.DataFrame] = field(default_factory=list)

    def add(self, system: str, keys: Text, person: Ints, kinds: Text | str) -> None:
        """Note that `keys` (null: no key) in `system` belong to `person`."""
        frame = pd.DataFrame(
            {
                "source_system": system,
                "source_person_key": keys.to_pandas(),
                "person": person,
                "kind": kinds if isinstance(kinds, str) else kinds.to_pandas(),
            }
        )
        frame = frame[frame["source_person_key"].notna() & (frame["source_person_key"] != "")]
        self.frames.append(frame.drop_duplicates(["source_person_key", "person"]))

    def table(self) -> pd.DataFrame:
        """One row per (source_system, source_person_key); a key of two people is a shared mailbox and has no person."""
        if not self.frames:
            return pd.DataFrame(columns=["source_system", "source_person_key", "person_id", "kind"])
        seen = pd.concat(self.frames).drop_duplicates(
            ["source_system", "source_person_key", "person"], ignore_index=True
        )
        key = ["source_system", "source_person_key"]
        is_shared = seen["source_person_key"].str.removeprefix("email:").isin(self.mailboxes)
        is_shared |= seen.groupby(key)["person"].transform("size") > 1
        seen["person_id"] = person_ids(seen["person"].to_numpy()).to_pylist()
        seen.loc[is_shared, "person_id"] = None
        seen.loc[is_shared, "kind"] = "shared_mailbox"
        table = seen.drop_duplicates(key).sort_values(key, kind="stable")
        return table[["source_system", "source_person_key", "person_id", "kind"]].reset_index(drop=True)


@dataclass
class Scene:
    """What every channel needs: the world, its sales, the spellings, and where to note who is behind a record."""

    world: World
    sales: Sales
    sightings: Sightings
    _spellings: dict[str, Spelling] = field(default_factory=dict)

    def spelling(self, system: str) -> Spelling:
        """How `system` spells everyone; computed once."""
        if system not in self._spellings:
            self._spellings[system] = spell(self.world.people, system, self.world.seed)
        return self._spellings[system]

    def address(self, person: Ints, day: Ints, uses_second: Flags) -> Text:
        """The e-mail address people give on a day: the second one where they use it and have it by then."""
        people = self.world.people
        second = uses_second & (people.second_email_day[person] <= day)
        return choose(second, people.second_email.take(pa.array(person)), people.email.take(pa.array(person)))

    def surname(self, system: str, person: Ints, day: Ints) -> Text:
        """The surname as `system` spells it on a day: the maiden name until the change of name."""
        spelling, renamed = self.spelling(system), self.world.people.renamed_day[person]
        rows = pa.array(person)
        return choose(day < renamed, spelling.last_before.take(rows), spelling.last.take(rows))

    def kinds(self, system: str, person: Ints, day: Ints) -> Text:
        """What was done to the name in the record: exact, no_accents, nickname, typo, capitals or maiden_name."""
        words = pa.array(KINDS).take(pa.array(self.spelling(system).kind[person]))
        people = self.world.people
        before = (people.maiden[person] >= 0) & (day < people.renamed_day[person])
        return choose(before, "maiden_name", words)


def key_of(prefix: str, values: Text) -> Text:
    """`email:...` keys in lower case; null stays null."""
    return blank(joined(prefix, ":", pc.utf8_lower(pc.utf8_trim_whitespace(values))), np.asarray(pc.is_null(values)))
