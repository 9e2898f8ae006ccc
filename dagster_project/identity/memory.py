"""What a resolution leaves for the next night, so that it looks only at what changed and whom that touches.

Clusters depend on a record's neighbourhood alone: the records it shares a key with, or resembles, and theirs in turn.
So a night resolves the neighbourhoods of the records that changed, and every other row stays as it is. The outcome is
that of a whole resolution; a memory made on another basis (settings, match model, decisions, code) is not used.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

RECORD = ("source_system", "source_person_key")
# In `matched_people`, beside what `normalise` reads: a fingerprint of what it read.
SAID = "said"
NAMES_SCHEMA = pa.schema([pa.field(name, pa.string(), nullable=False) for name in RECORD])
SEEN_SCHEMA = pa.schema([*NAMES_SCHEMA, pa.field("fingerprint", pa.int64(), nullable=False)])
# One row per pair of records that the match model scored at its link threshold or above; the record whose name sorts
# first is a.
PAIRS_SCHEMA = pa.schema(
    [
        *(pa.field(f"{name}_a", pa.string(), nullable=False) for name in RECORD),
        *(pa.field(f"{name}_b", pa.string(), nullable=False) for name in RECORD),
        pa.field("probability", pa.float64(), nullable=False),
    ]
)
BASIS_SCHEMA = pa.schema(
    [
        pa.field("basis", pa.string(), nullable=False),
        pa.field("customers", pa.int64(), nullable=False),
        pa.field("linked_records", pa.int64(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Memory:
    """The tables of the last resolution that the next one needs: `basis` (BASIS_SCHEMA, one row), `seen_records`
    (SEEN_SCHEMA), `normalised_keys`, `matched_people` (named records as `normalise` reads them, with their names and
    SAID) and `scored_pairs` (PAIRS_SCHEMA)."""

    basis: pa.Table
    seen_records: pa.Table
    normalised_keys: pa.Table
    matched_people: pa.Table
    scored_pairs: pa.Table

    TABLES = ("basis", "seen_records", "normalised_keys", "matched_people", "scored_pairs")

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table]) -> Memory | None:
        """The memory in these tables by name; None when one is missing."""
        if not set(cls.TABLES) <= set(tables):
            return None
        found = {name: tables[name] for name in cls.TABLES}
        for name, schema in (("basis", BASIS_SCHEMA), ("seen_records", SEEN_SCHEMA), ("scored_pairs", PAIRS_SCHEMA)):
            found[name] = found[name].cast(schema)
        people = found["matched_people"]
        required = {*RECORD, SAID}
        found["matched_people"] = people.cast(
            pa.schema([field.with_nullable(field.name not in required) for field in people.schema])
        )
        return cls(**found)

    def tables(self) -> dict[str, pa.Table]:
        """Its tables by name."""
        return {name: getattr(self, name) for name in self.TABLES}

    def fits(self, basis: str) -> bool:
        """Whether it was made on this basis."""
        return self.basis.num_rows == 1 and bool(self.basis["basis"][0].as_py() == basis)


def digest_of(basis: Mapping[str, object]) -> str:
    """The text that names a basis: what else than the records decides who is who."""
    return hashlib.sha256(json.dumps(basis, sort_keys=True, default=str).encode()).hexdigest()
