"""The memory of identity: who was who after each run, what was renamed and why, and what stewards decided.

Ids are a function of the records and the decisions alone, so any order of runs, and one full run, give the same
links. The ledger adds what that function cannot know: what the ids were before. It is append-only; a run that
changes nothing adds nothing. Reading and writing its files is `ledger_files`' work.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.identity.ids import customer_id

LINK, EVENT = "link", "event"
CREATED, MERGED_INTO, SPLIT_FROM, REVERTED = "created", "merged_into", "split_from", "reverted"
# The reasons history gives; none names a person or a key.
FIRST_DELIVERY = "first delivery of its eldest record"
ONE_CUSTOMER = "the records were found to be one customer's"
ELDER = "an elder record of the customer was delivered"
APART_BY_STEWARD = "a steward set the records apart"
JOINED_BY_STEWARD = "a steward joined the records"
BY_DATA = "the records no longer share a usable key"

# One row per change. A `link` row says which customer a record belongs to from this run on (NULL: none any more)
# and when the record was first delivered; an `event` row is a row of customer_id_history.
LEDGER_SCHEMA = pa.schema(
    [
        pa.field("run", pa.int64(), nullable=False),
        pa.field("as_of", pa.date32(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("source_system", pa.string()),
        pa.field("source_person_key", pa.string()),
        pa.field("first_seen_date", pa.date32()),
        pa.field("customer_id", pa.string()),
        pa.field("event", pa.string()),
        pa.field("other_customer_id", pa.string()),
        pa.field("at", pa.date32()),
        pa.field("reason", pa.string()),
    ]
)
# `event_id` is the run's number and the place of the event among the run's: both are in the ledger's files for good.
HISTORY_SCHEMA = pa.schema(
    [
        pa.field("event_id", pa.string(), nullable=False),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("event", pa.string(), nullable=False),
        pa.field("other_customer_id", pa.string()),
        pa.field("at", pa.date32(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
    ]
)
# One row per decision on a pair of records, `action` link or unlink; the latest decision on a pair holds.
DECISIONS_SCHEMA = pa.schema(
    [
        pa.field("decided_on", pa.date32(), nullable=False),
        pa.field("action", pa.string(), nullable=False),
        pa.field("source_system_a", pa.string(), nullable=False),
        pa.field("source_person_key_a", pa.string(), nullable=False),
        pa.field("source_system_b", pa.string(), nullable=False),
        pa.field("source_person_key_b", pa.string(), nullable=False),
        pa.field("reason", pa.string()),
    ]
)
_RECORD = ["source_system", "source_person_key"]


class LedgerError(ValueError):
    """The ledger or a decision cannot be used; the message says which and what to do."""


@dataclass(frozen=True)
class Ledger:
    """`rows` after LEDGER_SCHEMA in the order they were written, `decisions` after DECISIONS_SCHEMA."""

    rows: pa.Table
    decisions: pa.Table

    @classmethod
    def empty(cls) -> Ledger:
        return cls(LEDGER_SCHEMA.empty_table(), DECISIONS_SCHEMA.empty_table())

    @property
    def last_run(self) -> int:
        """The number of the last run that changed something; 0 before the first."""
        return int(pc.max(self.rows["run"]).as_py() or 0)

    def history(self) -> pa.Table:
        """Every logged event, HISTORY_SCHEMA, in the order of logging."""
        events = self.rows.filter(pc.equal(self.rows["kind"], EVENT))
        runs = events["run"].to_numpy()
        _, first, of_run = np.unique(runs, return_index=True, return_inverse=True)
        place = np.arange(len(runs)) - first[of_run] + 1
        ids = [f"{run}-{number}" for run, number in zip(runs.tolist(), place.tolist(), strict=True)]
        named = events.append_column("event_id", pa.array(ids, pa.string()))
        return named.select(HISTORY_SCHEMA.names).cast(HISTORY_SCHEMA)

    def members(self, before_run: int | None = None, among: pa.Table | None = None) -> pd.DataFrame:
        """source_system, source_person_key, first_seen_date, customer_id of every record linked after the last run,
        or as it was before the run with that number; of the records named in `among` only, if given."""
        rows = self.rows.filter(pc.equal(self.rows["kind"], LINK))
        if among is not None:
            rows = rows.join(among, keys=_RECORD, join_type="left semi").sort_by("run")
        if before_run is not None:
            rows = rows.filter(pc.less(rows["run"], before_run))
        frame = _frame(rows.select(["run", *_RECORD, "first_seen_date", "customer_id"]))
        latest = frame.sort_values("run", kind="stable").drop_duplicates(_RECORD, keep="last")
        linked: pd.DataFrame = latest[latest["customer_id"].notna()].drop(columns="run").reset_index(drop=True)
        return linked

    def customers_that_were(self, event: str) -> set[str]:
        """The ids for which an event of this kind is logged."""
        return set(self.rows.filter(pc.equal(self.rows["event"], event))["customer_id"].to_pylist())

    def check_key(self, id_key: str) -> None:
        """Raises LedgerError when the ledger's ids were made with another identity.id_key."""
        links = self.rows.filter(pc.equal(self.rows["kind"], LINK))
        if not links.num_rows:
            return
        first_run = links.filter(pc.equal(links["run"], pc.min(links["run"])))
        one = first_run.filter(pc.equal(first_run["customer_id"], pc.min(first_run["customer_id"])))
        names = zip(one["source_system"].to_pylist(), one["source_person_key"].to_pylist(), strict=True)
        if one["customer_id"][0].as_py() not in {customer_id(id_key, *name) for name in names}:
            raise LedgerError(
                "identity.id_key is not the key this ledger was begun with: every customer_id would change. "
                "Put the former key back, or move the ledger folder away to begin anew."
            )


def new_rows(
    ledger: Ledger,
    before: pd.DataFrame,
    links: pa.Table,
    as_of: dt.date,
    *,
    set_apart: Set[frozenset[str]] = frozenset(),
    joined: Set[frozenset[str]] = frozenset(),
) -> pa.Table:
    """What the ledger must remember of a run: changed memberships and the events that explain every changed id.

    `before` are the ledger's members (`Ledger.members`) among the records that the run looked at, `links` what they
    are now: it has source_system, source_person_key, first_seen_date, customer_id and eldest_first_seen (the birth date
    of the cluster); `set_apart` holds the pairs of customers that a steward keeps apart, `joined` those of
    customers before the run with records that a steward puts together. Ids never change silently:
    an id that ends is `merged_into` the customer its eldest record went to, one that appears is `created` once in
    its life, `split_from` the customer its records leave behind, or `reverted` when a former merge is undone.
    `created` is dated with the eldest record's delivery, the others with as_of. An id whose records are no longer
    delivered at all ends without an event.
    """
    now = _frame(links)
    both = before.merge(now, on=_RECORD, how="outer", suffixes=("_before", "_now"), indicator=True)
    kept = both[both["_merge"] == "both"]
    changed = both[
        (both["_merge"] != "both")
        | (both["customer_id_before"] != both["customer_id_now"])
        | (both["first_seen_date_before"] != both["first_seen_date_now"])
    ]
    alive_before, alive_now = set(before["customer_id"]), set(now["customer_id"])
    created, merged_once = (ledger.customers_that_were(event) for event in (CREATED, MERGED_INTO))

    moved = kept[kept["customer_id_before"] != kept["customer_id_now"]]
    went_to = _successors(kept[kept["customer_id_before"].isin(alive_before - alive_now)])
    came_from: dict[str, set[str]] = {}
    for old, new in set(zip(moved["customer_id_before"], moved["customer_id_now"], strict=True)):
        came_from.setdefault(new, set()).add(old)

    births = dict(zip(now["customer_id"], now["eldest_first_seen"], strict=True))
    events: list[dict[str, object]] = []
    for new in sorted(alive_now - alive_before):
        if new not in created:
            events.append(_event(new, CREATED, None, births[new], FIRST_DELIVERY))
        for old in sorted(came_from.get(new, ())):
            if went_to.get(old) == new:
                continue
            event = REVERTED if new in merged_once and old in alive_now else SPLIT_FROM
            by_steward = frozenset((new, old)) in set_apart
            events.append(_event(new, event, old, as_of, APART_BY_STEWARD if by_steward else BY_DATA))
    for old, new in sorted(went_to.items()):
        found = JOINED_BY_STEWARD if frozenset((old, new)) in joined else ONE_CUSTOMER
        events.append(_event(old, MERGED_INTO, new, as_of, ELDER if new not in alive_before else found))

    run = ledger.last_run + 1
    changed = changed.sort_values(_RECORD)
    first_seen = changed["first_seen_date_now"].where(
        changed["_merge"] != "left_only", changed["first_seen_date_before"]
    )
    links_changed = {
        "source_system": changed["source_system"].tolist(),
        "source_person_key": changed["source_person_key"].tolist(),
        "first_seen_date": first_seen.tolist(),
        "customer_id": changed["customer_id_now"].tolist(),
    }
    logged = {name: [event[name] for event in events] for name in HISTORY_SCHEMA.names if name != "event_id"}
    return pa.concat_tables([_ledger_table(links_changed, run, as_of, LINK), _ledger_table(logged, run, as_of, EVENT)])


def decide(
    action: str,
    ours: Iterable[tuple[str, str]],
    theirs: Iterable[tuple[str, str]],
    decided_on: dt.date,
    reason: str,
) -> pa.Table:
    """One decision (`link` or `unlink`) for each pair of records (source_system, source_person_key) of two sets."""
    others = list(theirs)
    rows = [
        dict(
            zip(DECISIONS_SCHEMA.names, (decided_on, action, *one, *other, reason), strict=True),
        )
        for one in ours
        for other in others
    ]
    return pa.Table.from_pylist(rows, schema=DECISIONS_SCHEMA)


def _frame(table: pa.Table) -> pd.DataFrame:
    """The table with plain Python values: pandas cannot merge Arrow strings when there are none."""
    return pd.DataFrame({name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names})


def _successors(ended: pd.DataFrame) -> dict[str, str]:
    """Per id that ended, the customer that its eldest record still delivered now belongs to."""
    eldest = ended.sort_values(["first_seen_date_before", *_RECORD]).drop_duplicates("customer_id_before")
    return dict(zip(eldest["customer_id_before"], eldest["customer_id_now"], strict=True))


def _event(customer: str, event: str, other: str | None, at: dt.date, reason: str) -> dict[str, object]:
    return {"customer_id": customer, "event": event, "other_customer_id": other, "at": at, "reason": reason}


def _ledger_table(columns: Mapping[str, Sequence[object]], run: int, as_of: dt.date, kind: str) -> pa.Table:
    """Ledger rows of one kind; columns that are not given are NULL."""
    size = max((len(values) for values in columns.values()), default=0)
    fixed: dict[str, list[object]] = {"run": [run] * size, "as_of": [as_of] * size, "kind": [kind] * size}
    nothing: list[object] = [None] * size
    return pa.Table.from_arrays(
        [
            pa.array(fixed.get(name) or columns.get(name, nothing), LEDGER_SCHEMA.field(name).type, from_pandas=True)
            for name in LEDGER_SCHEMA.names
        ],
        schema=LEDGER_SCHEMA,
    )
