"""`identify`: customer records in, links to customers and the history of their ids out.

The links are a function of the records, the settings and the steward's decisions: neither the order of rows nor the
order of runs changes them. A cluster bears the id of its earliest-born record (delivery date, system, key); the
ledger only serves to log what was renamed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.identity import ledger as ledgers
from dagster_project.identity.clusters import Clusters, Limits, People, Rulings, build_clusters
from dagster_project.identity.ids import customer_id, record_hash
from dagster_project.identity.keys import MATCH_PROBABILITY, KeyTable, KeyType, read_keys
from dagster_project.identity.ledger import Ledger, LedgerError
from dagster_project.identity.match_model import MatchModel
from dagster_project.identity.names import fold
from dagster_project.identity.people import Profile, usable_birth_date
from dagster_project.identity.resemblance import PLACE_COLUMNS, join_resembling, named_people
from dagster_project.identity.training import train
from dagster_project.settings import Identity

SINGLE = "single"
RECORD_COLUMNS = (
    "source_system",
    "source_person_key",
    "first_seen_date",
    "first_name",
    "last_name",
    "birth_date",
    "gender",
    "emails",
    "phones",
    "loyalty_cards",
    "web_accounts",
    *PLACE_COLUMNS,
)
LINKS_SCHEMA = pa.schema(
    [
        pa.field("source_system", pa.string(), nullable=False),
        pa.field("source_person_key", pa.string(), nullable=False),
        pa.field("customer_id", pa.string(), nullable=False),
        pa.field("match_method", pa.string(), nullable=False),
        pa.field("match_probability", pa.float64(), nullable=False),
        pa.field("linked_at", pa.date32(), nullable=False),
        pa.field("source_record_hash", pa.string(), nullable=False),
    ]
)
NORMALISED_KEYS_SCHEMA = pa.schema(
    [
        pa.field("source_system", pa.string(), nullable=False),
        pa.field("source_person_key", pa.string(), nullable=False),
        pa.field("key_type", pa.string(), nullable=False),
        pa.field("key_value", pa.string(), nullable=False),
        pa.field("is_shared", pa.bool_(), nullable=False),
    ]
)

EVIDENCE_SCHEMA = pa.schema(
    [
        pa.field("evidence_id", pa.int64(), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("key_value", pa.string()),
        pa.field("source_system", pa.string(), nullable=False),
        pa.field("source_person_key", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class IdentityReport:
    """What a run found, in counts only: nothing in it names a person."""

    records: int
    linked_records: int
    unlinked_records: int
    customers: int
    largest_cluster: int
    emails: int
    phones: int
    loyalty_cards: int
    web_accounts: int
    rejected_emails: int
    rejected_phones: int
    rejected_loyalty_cards: int
    rejected_web_accounts: int
    shared_emails: int
    shared_phones: int
    keys_refused: int
    refused_strong_joins: int
    clusters_of_several_people: int
    clusters_oversized: int
    joined_by_resemblance: int
    resembling_refused: int
    decisions_ignored: int
    created: int
    merged_into: int
    split_from: int
    reverted: int

    def as_metadata(self) -> dict[str, int]:
        """The counts by name, for a run's summary."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class IdentityResult:
    """`links`: one row per linked record (LINKS_SCHEMA), none for one that belongs to `unknown`. `history`: every
    event ever logged (HISTORY_SCHEMA). `normalised_keys`: record x key (NORMALISED_KEYS_SCHEMA). `evidence`: what
    joined records, one row per piece of evidence and record it joins (EVIDENCE_SCHEMA). `new_ledger_rows`: what to
    append to the ledger (LEDGER_SCHEMA), empty when nothing changed. All sorted: equal runs give equal bytes."""

    links: pa.Table
    history: pa.Table
    normalised_keys: pa.Table
    evidence: pa.Table
    new_ledger_rows: pa.Table
    report: IdentityReport


def identify(
    records: pa.Table,
    ledger: Ledger,
    settings: Identity,
    *,
    country: str,
    as_of: dt.date,
    model: MatchModel | None = None,
) -> IdentityResult:
    """Find out which records are one customer.

    `records` holds one row per (source_system, source_person_key) with RECORD_COLUMNS; `country` is the region of
    phone numbers without a prefix (ISO 3166, FR); `as_of` dates the events of this run. `model` joins what keys leave
    apart; without one, keys alone decide. Raises ValueError naming a
    missing column, a record without name or birth date or given twice, and LedgerError when the ledger has another
    id_key.
    """
    ledger.check_key(settings.id_key)
    born = _by_birth(records)
    keys = read_keys(born, country)
    rulings, ignored = _rulings(ledger.decisions, born)
    people, limits = _people(born), _limits(settings)
    clusters = build_clusters(_systems(born), keys, people, rulings, limits)
    if model is not None:
        clusters = join_resembling(clusters, born, keys, people, rulings, limits, model, country)
    links = _links(born, clusters, settings.id_key)
    rows = ledgers.new_rows(
        ledger, _memberships(born, links, clusters), _set_apart(rulings, clusters, born, settings.id_key), as_of
    )
    after = Ledger(pa.concat_tables([ledger.rows, rows]), ledger.decisions)
    return IdentityResult(
        links=links.sort_by([("source_system", "ascending"), ("source_person_key", "ascending")]),
        history=after.history(),
        normalised_keys=_normalised_keys(born, keys, clusters),
        evidence=_evidence(born, keys, clusters),
        new_ledger_rows=rows,
        report=_report(keys, clusters, rows, ignored),
    )


def train_model(records: pa.Table, decisions: pa.Table, settings: Identity, *, country: str) -> MatchModel:
    """The match model of the warehouse's records, as `identify` takes them, and a steward's `decisions`: fitted to the
    named records, without the keys that several people share."""
    born = _by_birth(records)
    keys = read_keys(born, country)
    clusters = build_clusters(_systems(born), keys, _people(born), _rulings(decisions, born)[0], _limits(settings))
    return train(named_people(born, clusters, keys), country=country)


def _systems(born: pa.Table) -> np.ndarray:
    return np.array(born["source_system"].to_pylist(), dtype=object)


def _limits(settings: Identity) -> Limits:
    return Limits(
        people={KeyType.EMAIL: settings.max_people_per_email, KeyType.PHONE: settings.max_people_per_phone},
        cluster_records=settings.max_cluster_records,
    )


def _by_birth(records: pa.Table) -> pa.Table:
    """The records, eldest first: delivery date, source system, key."""
    missing = [column for column in RECORD_COLUMNS if column not in records.column_names]
    if missing:
        raise ValueError(f"customer records: column '{missing[0]}' is missing; expected {', '.join(RECORD_COLUMNS)}")
    born = records.select(RECORD_COLUMNS)
    for column in ("source_system", "source_person_key", "first_seen_date"):
        if born[column].null_count:
            raise ValueError(f"customer records: column '{column}' is empty in {born[column].null_count} rows")
    born = born.sort_by(
        [("first_seen_date", "ascending"), ("source_system", "ascending"), ("source_person_key", "ascending")]
    )
    names = born.group_by(["source_system", "source_person_key"]).aggregate([([], "count_all")])
    if names.num_rows != born.num_rows:
        systems = names.filter(pc.greater(names["count_all"], 1))["source_system"].unique().to_pylist()
        raise ValueError(
            f"customer records: {born.num_rows - names.num_rows} rows repeat a (source_system, source_person_key) "
            f"of {', '.join(sorted(systems))}; one row per record is expected"
        )
    return born


def _people(born: pa.Table) -> People:
    """The records' profiles, each distinct one once."""
    first, last = (_folded(born[column]) for column in ("first_name", "last_name"))
    dates = [usable_birth_date(value) for value in born["birth_date"].cast(pa.date32()).to_pylist()]
    genders = [value if value in ("female", "male") else None for value in born["gender"].to_pylist()]
    numbers: dict[Profile, int] = {}
    profile = np.full(born.num_rows, -1, dtype=np.int64)
    for row, said in enumerate(map(Profile, first, last, dates, genders)):
        if said.speaks:
            profile[row] = numbers.setdefault(said, len(numbers))
    names: dict[str, int] = {"": -1}
    births: dict[dt.date | None, int] = {None: -1}
    likeness = [
        (names.setdefault(said.first_name, len(names)), births.setdefault(said.birth_date, len(births)))
        for said in numbers
    ]
    return People(profile, list(numbers), np.array(likeness, dtype=np.int64).reshape(-1, 2))


def _folded(column: pa.ChunkedArray) -> list[str]:
    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode()
    folded = [fold(value) for value in encoded.dictionary.to_pylist()]
    return [folded[index] if index is not None else "" for index in encoded.indices.to_pylist()]


def _rulings(decisions: pa.Table, born: pa.Table) -> tuple[Rulings, int]:
    """The decisions in force as record numbers, and how many name a record that is not there."""
    if not decisions.num_rows:
        return Rulings(), 0
    number = {
        name: row
        for row, name in enumerate(
            zip(born["source_system"].to_pylist(), born["source_person_key"].to_pylist(), strict=True)
        )
    }
    latest: dict[tuple[int, int], str] = {}
    ignored = 0
    for decision in decisions.sort_by("decided_on").to_pylist():
        if decision["action"] not in ("link", "unlink"):
            raise LedgerError(f"decisions: action '{decision['action']}' is unknown; expected link or unlink")
        one = number.get((decision["source_system_a"], decision["source_person_key_a"]))
        other = number.get((decision["source_system_b"], decision["source_person_key_b"]))
        if one is None or other is None or one == other:
            ignored += 1
        else:
            latest[min(one, other), max(one, other)] = decision["action"]
    pairs = sorted(latest.items())
    return (
        Rulings(
            link=[pair for pair, action in pairs if action == "link"],
            unlink=[pair for pair, action in pairs if action == "unlink"],
        ),
        ignored,
    )


def _links(born: pa.Table, clusters: Clusters, id_key: str) -> pa.Table:
    systems, names = born["source_system"].to_pylist(), born["source_person_key"].to_pylist()
    linked = np.flatnonzero(clusters.cluster >= 0)
    eldest = clusters.cluster[linked]
    ids = {int(record): customer_id(id_key, systems[record], names[record]) for record in np.unique(eldest)}
    method = _methods(clusters)[linked]
    label = {int(kind): kind.label for kind in KeyType} | {len(KeyType): SINGLE}
    probability = {int(kind): value for kind, value in MATCH_PROBABILITY.items()} | {len(KeyType): 1.0}
    return pa.Table.from_pydict(
        {
            "source_system": [systems[record] for record in linked],
            "source_person_key": [names[record] for record in linked],
            "customer_id": [ids[int(record)] for record in eldest],
            "match_method": [label[int(kind)] for kind in method],
            "match_probability": np.where(
                method == KeyType.PROBABILISTIC,
                clusters.resemblance[linked],
                [probability.get(int(kind), 0.0) for kind in method],
            ),
            "linked_at": _linked_at(born, clusters)[linked],
            "source_record_hash": [record_hash(id_key, systems[record], names[record]) for record in linked],
        },
        schema=LINKS_SCHEMA,
    )


def _methods(clusters: Clusters) -> np.ndarray:
    """Per record the strongest kind of key that joins it to another record; len(KeyType) when none does."""
    method = np.full(len(clusters.cluster), len(KeyType), dtype=np.int64)
    if len(clusters.key):
        joining = np.bincount(clusters.key)[clusters.key] > 1
        np.minimum.at(method, clusters.record[joining], clusters.kind[joining])
    return method


def _linked_at(born: pa.Table, clusters: Clusters) -> np.ndarray:
    """The delivery date at which each record's link to its cluster's eldest record became known: the latest birth
    on the path of keys between them, over the path where that is earliest."""
    births = born["first_seen_date"].cast(pa.date32()).to_numpy().astype("datetime64[D]").astype(np.int64)
    unreached = np.iinfo(np.int64).max
    known = np.full(len(births), unreached)
    eldest = clusters.cluster == np.arange(len(births))
    known[eldest] = births[eldest]
    by_key = np.full(int(clusters.key.max(initial=-1)) + 1, unreached)
    while True:
        np.minimum.at(by_key, clusters.key, known[clusters.record])
        reached = np.maximum(by_key[clusters.key], births[clusters.record])
        before = known.copy()
        np.minimum.at(known, clusters.record, reached)
        if (known == before).all():
            break
    return np.where(known == unreached, births, known).astype("datetime64[D]")


def _memberships(born: pa.Table, links: pa.Table, clusters: Clusters) -> pa.Table:
    linked = np.flatnonzero(clusters.cluster >= 0)
    first_seen = born["first_seen_date"].cast(pa.date32())
    return (
        links.select(["source_system", "source_person_key", "customer_id"])
        .append_column("first_seen_date", first_seen.take(linked))
        .append_column("eldest_first_seen", first_seen.take(clusters.cluster[linked]))
    )


def _set_apart(rulings: Rulings, clusters: Clusters, born: pa.Table, id_key: str) -> set[frozenset[str]]:
    """The pairs of customers that a steward's decisions keep apart."""

    def customer(record: int) -> str:
        eldest = int(clusters.cluster[record])
        return customer_id(id_key, born["source_system"][eldest].as_py(), born["source_person_key"][eldest].as_py())

    linked = ((one, other) for one, other in rulings.unlink if min(clusters.cluster[[one, other]]) >= 0)
    return {frozenset((customer(one), customer(other))) for one, other in linked}


def _normalised_keys(born: pa.Table, keys: KeyTable, clusters: Clusters) -> pa.Table:
    labels = {int(kind): kind.label for kind in KeyType}
    return pa.Table.from_arrays(
        [
            born["source_system"].take(keys.record),
            born["source_person_key"].take(keys.record),
            pa.array([labels[int(kind)] for kind in keys.kind[keys.key]], pa.string()),
            pa.array(keys.value, pa.string()).take(pa.array(keys.key)),
            pa.array(clusters.is_shared[keys.key]),
        ],
        schema=NORMALISED_KEYS_SCHEMA,
    ).sort_by([(name, "ascending") for name in NORMALISED_KEYS_SCHEMA.names[:4]])


def _evidence(born: pa.Table, keys: KeyTable, clusters: Clusters) -> pa.Table:
    joining = np.flatnonzero(np.bincount(clusters.key)[clusters.key] > 1) if len(clusters.key) else np.array([], int)
    joining = joining[np.lexsort((clusters.record[joining], clusters.key[joining]))]
    source = clusters.source[joining]
    labels = {int(kind): kind.label for kind in KeyType}
    values = pa.array(keys.value, pa.string()).take(pa.array(np.maximum(source, 0), mask=source < 0))
    return pa.Table.from_arrays(
        [
            pa.array(np.unique(clusters.key[joining], return_inverse=True)[1], pa.int64()),
            pa.array([labels[int(kind)] for kind in clusters.kind[joining]], pa.string()),
            values,
            born["source_system"].take(clusters.record[joining]),
            born["source_person_key"].take(clusters.record[joining]),
        ],
        schema=EVIDENCE_SCHEMA,
    )


def _report(keys: KeyTable, clusters: Clusters, rows: pa.Table, ignored: int) -> IdentityReport:
    linked = clusters.cluster[clusters.cluster >= 0]
    events = pd.Series(rows["event"].to_pylist(), dtype=object).value_counts()
    of_kind = {kind: int((keys.kind == kind).sum()) for kind in KeyType}
    return IdentityReport(
        records=len(clusters.cluster),
        linked_records=len(linked),
        unlinked_records=len(clusters.cluster) - len(linked),
        customers=len(np.unique(linked)),
        largest_cluster=int(np.bincount(linked).max()) if len(linked) else 0,
        emails=of_kind[KeyType.EMAIL],
        phones=of_kind[KeyType.PHONE],
        loyalty_cards=of_kind[KeyType.LOYALTY_CARD],
        web_accounts=of_kind[KeyType.WEB_ACCOUNT],
        rejected_emails=keys.rejected[KeyType.EMAIL.label],
        rejected_phones=keys.rejected[KeyType.PHONE.label],
        rejected_loyalty_cards=keys.rejected[KeyType.LOYALTY_CARD.label],
        rejected_web_accounts=keys.rejected[KeyType.WEB_ACCOUNT.label],
        shared_emails=clusters.counts.get("shared_emails", 0),
        shared_phones=clusters.counts.get("shared_phones", 0),
        keys_refused=clusters.counts.get("keys_refused", 0),
        refused_strong_joins=clusters.counts.get("refused_strong_joins", 0),
        clusters_of_several_people=clusters.counts.get("clusters_of_several_people", 0),
        clusters_oversized=clusters.counts.get("clusters_oversized", 0),
        joined_by_resemblance=clusters.counts.get("joined_by_resemblance", 0),
        resembling_refused=clusters.counts.get("resembling_refused", 0),
        decisions_ignored=ignored,
        created=int(events.get(ledgers.CREATED, 0)),
        merged_into=int(events.get(ledgers.MERGED_INTO, 0)),
        split_from=int(events.get(ledgers.SPLIT_FROM, 0)),
        reverted=int(events.get(ledgers.REVERTED, 0)),
    )
