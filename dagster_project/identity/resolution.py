"""`identify`: customer records in, links to customers and the history of their ids out.

The links are a function of the records, the settings and the steward's decisions: neither the order of rows nor the
order of runs changes them. A cluster bears the id of its earliest-born record (delivery date, system, key); the
ledger only serves to log what was renamed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.identity import ledger as ledgers
from dagster_project.identity.clusters import Clusters, Limits, People, Rulings, build_clusters
from dagster_project.identity.decisions import passed_over as passed_over_of
from dagster_project.identity.decisions import rulings as rulings_of
from dagster_project.identity.ids import customer_id, record_hash
from dagster_project.identity.keys import MATCH_PROBABILITY, KeyTable, KeyType, read_keys
from dagster_project.identity.ledger import Ledger
from dagster_project.identity.match_model import MatchModel
from dagster_project.identity.matching import Pairs, score, score_beside
from dagster_project.identity.memory import BASIS_SCHEMA, NAMES_SCHEMA, PAIRS_SCHEMA, RECORD, SAID, Memory, digest_of
from dagster_project.identity.names import fold
from dagster_project.identity.neighbourhood import Neighbourhood
from dagster_project.identity.people import Profile, usable_birth_date
from dagster_project.identity.resemblance import PLACE_COLUMNS, join_resembling, named_people
from dagster_project.identity.scratch import ENGINE_VERSION
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
    """What a run found, in counts only: nothing in it names a person. The first four count all records, the others
    those that were `looked_at`."""

    records: int
    linked_records: int
    unlinked_records: int
    customers: int
    looked_at: int
    restated_records: int
    restated_customers: int
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
    decisions_contradicted: int
    created: int
    merged_into: int
    split_from: int
    reverted: int

    def as_metadata(self) -> dict[str, int]:
        """The counts by name, for a run's summary."""
        return dataclasses.asdict(self)


@dataclass(frozen=True)
class IdentityResult:
    """`links`: one row per linked record (LINKS_SCHEMA), none for one that belongs to `unknown`. `evidence`: what
    joined records, one row per piece of evidence and record it joins (EVIDENCE_SCHEMA). `memory`: what the next run
    needs. `looked_at`: the names of the records whose rows these are, in `links`, `evidence` and the memory's tables by
    record; the rows of all others stay as the last run left them. None: all records.

    `history`: every event ever logged (HISTORY_SCHEMA). `new_ledger_rows`: what to append to the ledger
    (LEDGER_SCHEMA), empty when nothing changed. All sorted: equal runs give equal bytes."""

    looked_at: pa.Table | None
    links: pa.Table
    history: pa.Table
    evidence: pa.Table
    new_ledger_rows: pa.Table
    memory: Memory
    report: IdentityReport

    def by_record(self) -> dict[str, pa.Table]:
        """The tables with a source record's name in every row, by their names in schema `identity`."""
        remembered = {
            name: self.memory.tables()[name] for name in ("seen_records", "normalised_keys", "matched_people")
        }
        return {"customer_links": self.links, "link_evidence": self.evidence, **remembered}

    def whole(self) -> dict[str, pa.Table]:
        """The other tables, which hold all there is; `basis` last."""
        remembered = {name: self.memory.tables()[name] for name in ("scored_pairs", "basis")}
        return {"customer_history": self.history, **remembered}


def identify(
    records: pa.Table,
    ledger: Ledger,
    settings: Identity,
    *,
    country: str,
    as_of: dt.date,
    model: MatchModel | None = None,
    memory: Memory | None = None,
    code: str = "",
) -> IdentityResult:
    """Find out which records are one customer.

    `records` holds one row per (source_system, source_person_key) with RECORD_COLUMNS; `country` is the region of
    phone numbers without a prefix (ISO 3166, FR); `as_of` dates the events of this run. `model` joins what keys leave
    apart; without one, keys alone decide. With the `memory` of the last run only the neighbourhood of changed records
    is looked at, unless it was made on another basis: settings, model, decisions, or version of the `code`. Raises
    ValueError naming a missing column, a record without name or birth date or given twice, and LedgerError when the
    ledger has another id_key.
    """
    ledger.check_key(settings.id_key)
    said = _checked(records)
    if model is not None:
        model = model.among(_count_named(said)).down_to(settings.review_from)
    basis = _basis(settings, country, model, ledger.decisions, code)
    if memory is not None and not memory.fits(basis):
        memory = None
    with Neighbourhood(said, memory) as around:
        part = _resolve(around, memory, ledger.decisions, settings, country, model)
        names = around.names() if memory is not None else None
        seen = around.seen()
        passed_over = passed_over_of(ledger.decisions, around.delivered(ledger.decisions))
    links = _links(part.born, part.clusters, settings.id_key)
    before = ledger.members(among=names)
    rows = ledgers.new_rows(
        ledger,
        before,
        _memberships(part.born, links, part.clusters),
        as_of,
        set_apart=_set_apart(part.rulings, part.clusters, part.born, settings.id_key),
        joined=_joined(part.rulings, part.born, before),
    )
    after = Ledger(pa.concat_tables([ledger.rows, rows]), ledger.decisions)
    totals = _totals(memory, before, links)
    return IdentityResult(
        looked_at=names,
        links=links.sort_by([("source_system", "ascending"), ("source_person_key", "ascending")]),
        history=after.history(),
        evidence=_evidence(part.born, part.keys, part.clusters),
        new_ledger_rows=rows,
        memory=Memory(
            basis=pa.Table.from_pylist([{"basis": basis, **totals}], schema=BASIS_SCHEMA),
            seen_records=seen,
            normalised_keys=_normalised_keys(part.born, part.keys, part.clusters),
            matched_people=part.people_read,
            scored_pairs=part.pairs,
        ),
        report=_report(part, rows, said.num_rows, totals | _restated(before, links), passed_over),
    )


@dataclass(frozen=True)
class _Part:
    """Some records, eldest first, and what is found out about them. `people_read`: the named ones as `normalise` reads
    them, with their names and SAID. `pairs`: all scored pairs there are (PAIRS_SCHEMA), whoever's."""

    born: pa.Table
    keys: KeyTable
    people: People
    rulings: Rulings
    clusters: Clusters
    people_read: pa.Table
    pairs: pa.Table


def _resolve(
    around: Neighbourhood,
    memory: Memory | None,
    decisions: pa.Table,
    settings: Identity,
    country: str,
    model: MatchModel | None,
) -> _Part:
    """Resolve the changed records with those that share a key with them, then, where the match model finds somebody
    else who resembles them, with those as well."""
    if memory is not None:
        changed = _by_birth(around.records())
        around.bind(memory.normalised_keys, by=("key_type", "key_value"))
        around.bind(_borne_keys(changed, read_keys(changed, country)), by=("key_type", "key_value"))
        around.bind_pairs(decisions)
        around.grow()
    part = _by_keys(around, decisions, settings, country)
    if model is None:
        return part
    people = named_people(part.born, part.clusters, part.keys)
    names = part.born.select(RECORD).take(people["record_id"].astype(np.int64).to_numpy()).cast(NAMES_SCHEMA)
    names = names.append_column(pa.field(SAID, pa.int64(), nullable=False), [_fingerprints(people)])
    if memory is None:
        scored = score(people, names, model, country=country)
        read, pairs = scored.people, scored.pairs
    else:
        is_new, altered = _altered(names, around.inside(memory.matched_people.select([*RECORD, SAID])))
        scored = score_beside(people[is_new], names.filter(pa.array(is_new)), altered, memory, model, country=country)
        remembered = memory.scored_pairs
        kept = np.isin(np.arange(remembered.num_rows), scored.kept)
        for moved in (remembered.filter(pa.array(~kept)), scored.pairs):
            around.add_pairs(moved.filter(pc.greater_equal(moved["probability"], model.thresholds.keyed)))
        around.bind_pairs(remembered.filter(pc.greater_equal(remembered["probability"], model.thresholds.keyed)))
        around.grow()
        pairs = pa.concat_tables([remembered.filter(pa.array(kept)), scored.pairs])
        read = pa.concat_tables([scored.people, around.inside(memory.matched_people, but=altered)])
        if around.records().num_rows > part.born.num_rows:
            part = _by_keys(around, decisions, settings, country)
    clusters = join_resembling(
        part.clusters,
        _numbered(around.pairs_inside(pairs), part.born),
        part.people,
        part.rulings,
        _limits(settings),
        model.thresholds.keyed,
    )
    in_order = pairs.sort_by([(name, "ascending") for name in PAIRS_SCHEMA.names])
    return replace(part, clusters=clusters, people_read=read, pairs=in_order)


def _fingerprints(people: pd.DataFrame) -> np.ndarray:
    """Per person a number that changes with what the match model reads."""
    said = pd.util.hash_pandas_object(people.drop(columns="record_id"), index=False).to_numpy()
    return (said >> np.uint64(1)).astype(np.int64)


def _altered(now: pa.Table, before: pa.Table) -> tuple[np.ndarray, pa.Table]:
    """Which of the people now are new or say something else than before, and the names of these and of those who are
    gone: the others need not be compared with one another again. `now` and `before` are names with SAID."""
    said_now, said_before = (dict(zip(_names(table), table[SAID].to_pylist(), strict=True)) for table in (now, before))
    is_new = np.array([said_before.get(name) != said for name, said in said_now.items()], dtype=bool)
    moved = np.array([said_now.get(name) != said for name, said in said_before.items()], dtype=bool)
    altered = [table.select(RECORD).filter(pa.array(mask)) for table, mask in ((now, is_new), (before, moved))]
    return is_new, pa.concat_tables(altered)


def _by_keys(around: Neighbourhood, decisions: pa.Table, settings: Identity, country: str) -> _Part:
    born = _by_birth(around.records())
    keys = read_keys(born, country)
    people = read_people(born)
    rulings = rulings_of(around.concerning(decisions), born)
    clusters = build_clusters(_systems(born), keys, people, rulings, _limits(settings))
    return _Part(born, keys, people, rulings, clusters, NAMES_SCHEMA.empty_table(), PAIRS_SCHEMA.empty_table())


def _numbered(pairs: pa.Table, born: pa.Table) -> Pairs:
    """Those of the pairs whose records are both among `born`, by their numbers there."""
    number = {name: row for row, name in enumerate(_names(born))}
    ends = [[number.get(name, -1) for name in _names(pairs, side)] for side in ("_a", "_b")]
    one, other = (np.array(side, dtype=np.int64) for side in ends)
    inside = (one >= 0) & (other >= 0)
    return Pairs(
        np.minimum(one, other)[inside], np.maximum(one, other)[inside], pairs["probability"].to_numpy()[inside]
    )


def _names(table: pa.Table, side: str = "") -> list[tuple[str, ...]]:
    return list(zip(*(table[f"{name}{side}"].to_pylist() for name in RECORD), strict=True))


def train_model(records: pa.Table, decisions: pa.Table, settings: Identity, *, country: str) -> MatchModel:
    """The match model of the warehouse's records, as `identify` takes them, and a steward's `decisions`: fitted to the
    named records, without the keys that several people share."""
    born = _by_birth(_checked(records))
    keys = read_keys(born, country)
    clusters = build_clusters(_systems(born), keys, read_people(born), rulings_of(decisions, born), _limits(settings))
    return train(named_people(born, clusters, keys), country=country)


def _systems(born: pa.Table) -> np.ndarray:
    return np.array(born["source_system"].to_pylist(), dtype=object)


def _limits(settings: Identity) -> Limits:
    return Limits(
        people={KeyType.EMAIL: settings.max_people_per_email, KeyType.PHONE: settings.max_people_per_phone},
        cluster_records=settings.max_cluster_records,
    )


def _checked(records: pa.Table) -> pa.Table:
    """The columns that identity reads."""
    missing = [column for column in RECORD_COLUMNS if column not in records.column_names]
    if missing:
        raise ValueError(f"customer records: column '{missing[0]}' is missing; expected {', '.join(RECORD_COLUMNS)}")
    for column in (*RECORD, "first_seen_date"):
        if records[column].null_count:
            raise ValueError(f"customer records: column '{column}' is empty in {records[column].null_count} rows")
    texts = {name: records.schema.field(name).with_type(pa.string()) for name in RECORD}
    named = records.select(RECORD_COLUMNS)
    return named.cast(pa.schema([texts.get(field.name, field) for field in named.schema]))


def _by_birth(records: pa.Table) -> pa.Table:
    """The records, eldest first: delivery date, source system, key."""
    return records.sort_by([(column, "ascending") for column in ("first_seen_date", *RECORD)])


def _count_named(records: pa.Table) -> int:
    return int(pc.sum(pc.or_(pc.is_valid(records["first_name"]), pc.is_valid(records["last_name"]))).as_py() or 0)


def _basis(settings: Identity, country: str, model: MatchModel | None, decisions: pa.Table, code: str) -> str:
    """What a memory holds for, beside the records."""
    return digest_of(
        {
            "settings": settings.model_dump(mode="json", exclude={"golden_record"}),
            "country": country,
            "model": model.version if model else None,
            "decisions": decisions.to_pylist(),
            "code": code,
            "engine": ENGINE_VERSION,
        }
    )


def _totals(memory: Memory | None, before: pd.DataFrame, links: pa.Table) -> dict[str, int]:
    """Customers and linked records of all records: those of the last run, less those looked at again as they were,
    plus as they are."""
    was = memory.basis.to_pylist()[0] if memory is not None else None
    return {
        "customers": (was["customers"] - before["customer_id"].nunique() if was else 0)
        + len(links["customer_id"].unique()),
        "linked_records": (was["linked_records"] - len(before) if was else 0) + links.num_rows,
    }


def read_people(born: pa.Table) -> People:
    """The profiles of records (first_name, last_name, birth_date, gender), each distinct one once."""
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


def _joined(rulings: Rulings, born: pa.Table, before: pd.DataFrame) -> set[frozenset[str]]:
    """The pairs of former customers with records that a steward's decisions put together."""
    if not rulings.link:
        return set()
    numbers = sorted({record for pair in rulings.link for record in pair})
    named = born.select(RECORD).take(pa.array(numbers)).to_pandas().assign(record=numbers)
    customer = named.merge(before, on=list(RECORD)).set_index("record")["customer_id"]
    pairs = ((customer.get(one), customer.get(other)) for one, other in rulings.link)
    return {frozenset(pair) for pair in pairs if None not in pair}


def _normalised_keys(born: pa.Table, keys: KeyTable, clusters: Clusters) -> pa.Table:
    found = _borne_keys(born, keys).append_column(
        NORMALISED_KEYS_SCHEMA.field("is_shared"), [clusters.is_shared[keys.key]]
    )
    return found.cast(NORMALISED_KEYS_SCHEMA).sort_by(
        [(name, "ascending") for name in NORMALISED_KEYS_SCHEMA.names[:4]]
    )


def _borne_keys(born: pa.Table, keys: KeyTable) -> pa.Table:
    labels = {int(kind): kind.label for kind in KeyType}
    return pa.table(
        {
            "source_system": born["source_system"].take(keys.record),
            "source_person_key": born["source_person_key"].take(keys.record),
            "key_type": pa.array([labels[int(kind)] for kind in keys.kind[keys.key]], pa.string()),
            "key_value": pa.array(keys.value, pa.string()).take(pa.array(keys.key)),
        }
    )


def _evidence(born: pa.Table, keys: KeyTable, clusters: Clusters) -> pa.Table:
    joining = np.flatnonzero(np.bincount(clusters.key)[clusters.key] > 1) if len(clusters.key) else np.array([], int)
    joining = joining[np.lexsort((clusters.record[joining], clusters.key[joining]))]
    source = clusters.source[joining]
    labels = {int(kind): kind.label for kind in KeyType}
    values = pa.array(keys.value, pa.string()).take(pa.array(np.maximum(source, 0), mask=source < 0))
    kinds = pa.array([labels[int(kind)] for kind in clusters.kind[joining]], pa.string())
    systems, names = (born[name].take(clusters.record[joining]) for name in RECORD)
    return pa.Table.from_arrays(
        [_evidence_ids(clusters.key[joining], kinds, values, systems, names), kinds, values, systems, names],
        schema=EVIDENCE_SCHEMA,
    ).sort_by([(name, "ascending") for name in ("evidence_id", *RECORD)])


def _evidence_ids(
    pieces: np.ndarray, kinds: pa.Array, values: pa.Array, systems: pa.ChunkedArray, names: pa.ChunkedArray
) -> pa.Array:
    """A number per piece of evidence that any run gives it: from its kind, value, and first two records."""
    _, first, piece = np.unique(pieces, return_index=True, return_inverse=True)
    told = [kinds.take(first), pc.fill_null(values.take(first), "")]
    told += [column.take(first + place).combine_chunks() for place in (0, 1) for column in (systems, names)]
    text = pc.binary_join_element_wise(*told, "|").to_pandas().to_numpy(dtype=object)
    number = pd.util.hash_array(text, categorize=False) >> np.uint64(1)
    return pa.array(number.astype(np.int64)[piece])


def _restated(before: pd.DataFrame, links: pa.Table) -> dict[str, int]:
    """How many records known before belong to another customer now, and how many customers that gives or takes
    something: their history changes, and only theirs."""
    now = dict(zip(_names(links), links["customer_id"].to_pylist(), strict=True))
    moved = [
        (customer, now[name])
        for name, customer in zip(
            zip(*(before[name] for name in RECORD), strict=True), before["customer_id"], strict=True
        )
        if name in now and now[name] != customer
    ]
    return {"restated_records": len(moved), "restated_customers": len({one for pair in moved for one in pair})}


def _report(
    part: _Part, rows: pa.Table, records: int, totals: dict[str, int], passed_over: dict[str, int]
) -> IdentityReport:
    keys, clusters = part.keys, part.clusters
    linked = clusters.cluster[clusters.cluster >= 0]
    events = pd.Series(rows["event"].to_pylist(), dtype=object).value_counts()
    of_kind = {kind: int((keys.kind == kind).sum()) for kind in KeyType}
    return IdentityReport(
        records=records,
        linked_records=totals["linked_records"],
        unlinked_records=records - totals["linked_records"],
        customers=totals["customers"],
        looked_at=len(clusters.cluster),
        restated_records=totals["restated_records"],
        restated_customers=totals["restated_customers"],
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
        **passed_over,
        created=int(events.get(ledgers.CREATED, 0)),
        merged_into=int(events.get(ledgers.MERGED_INTO, 0)),
        split_from=int(events.get(ledgers.SPLIT_FROM, 0)),
        reverted=int(events.get(ledgers.REVERTED, 0)),
    )
