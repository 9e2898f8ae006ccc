"""What ingestion remembers: one row per landed file, and the records it set aside. One pair of files per extract.

`lake/deliveries/<extract>.parquet` and `quarantine/<extract>.parquet`, so that extracts run beside each other. The
ledger is written last: what it does not know has not happened, and the next run does it again.

`settle` decides which file of a delivery counts. It is a function of the set of files alone, so the order in which runs
met them does not matter.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.settings import Home, Settings
from dagster_project.warehouse import RawTable, open_lake
from data_quality.contract import Contract

LOADED, REJECTED, REPEATED, REPLACED = "loaded", "file_rejected", "deduplicated", "replaced"

DELIVERIES = pa.schema(
    [
        ("extract", pa.string()),
        ("file", pa.string()),
        ("delivery", pa.string()),
        ("delivery_kind", pa.string()),
        ("business_date", pa.date32()),
        ("arrival_date", pa.date32()),
        ("rows_read", pa.int64()),
        ("rows_loaded", pa.int64()),
        ("rows_quarantined", pa.int64()),
        ("rows_deduplicated", pa.int64()),
        ("outcome", pa.string()),
        ("content_hash", pa.string()),
        ("is_current", pa.bool_()),
    ]
)
QUARANTINE = pa.schema(
    [
        ("extract", pa.string()),
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column_name", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("outcome", pa.string()),
        ("arrival_date", pa.date32()),
        ("delivery", pa.string()),
    ]
)
_STORED_DELIVERIES = pa.schema(
    [
        *DELIVERIES,
        ("refusal", pa.string()),
        ("notes", pa.string()),
        ("batch", pa.int64()),
        ("judged_with", pa.int64()),
        ("layout", pa.string()),
    ]
)
# What a release depends on: what a file counts for, and what its rows were read by.
VERSIONS = pa.schema(
    [
        _STORED_DELIVERIES.field(name)
        for name in ("file", "content_hash", "outcome", "is_current", "rows_loaded", "layout")
    ]
)
_STORED_QUARANTINE = pa.schema([*QUARANTINE, ("record", pa.string())])


@dataclass(frozen=True)
class Entry:
    """One landed file. `refusal` says why nothing of it can be used; `notes` are (column, reason) pairs to report;
    `batch` numbers the run that read it last; `judged_with` the batch of its first reading (0: not remembered), with
    whose files it is judged; `layout` is the contract's when it was read."""

    extract: str
    file: str
    content_hash: str
    arrival_date: dt.date | None
    delivery: str | None
    delivery_kind: str | None
    business_date: dt.date | None
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_deduplicated: int = 0
    outcome: str = LOADED
    is_current: bool = False
    refusal: str | None = None
    notes: tuple[tuple[str, str], ...] = ()
    batch: int = 0
    judged_with: int = 0
    layout: str = ""

    @property
    def is_settled(self) -> bool:
        """Whether the same content need not be looked at again; a refusal that time may heal is not."""
        return self.layout != ""


@dataclass
class Ledger:
    """All entries of one extract by file, and the rows set aside from the current ones."""

    extract: str
    entries: dict[str, Entry] = field(default_factory=dict)
    rows: pa.Table = field(default_factory=lambda: _STORED_QUARANTINE.empty_table())

    @property
    def current(self) -> dict[str, Entry]:
        """The file that counts, by delivery."""
        return {entry.delivery: entry for entry in self.entries.values() if entry.is_current and entry.delivery}

    @property
    def last_batch(self) -> int:
        return max((entry.batch for entry in self.entries.values()), default=0)


def settle(entries: Iterable[Entry]) -> dict[str, Entry]:
    """Outcome and `is_current` of every file, by file.

    Usable files of one delivery are gone through in order of arrival, then name: the same content as the one
    that counts is a repeat of it, other content replaces it.
    """
    settled: dict[str, Entry] = {}
    counting: dict[str, str] = {}
    for entry in sorted(entries, key=lambda item: (item.arrival_date or dt.date.min, item.file)):
        if entry.refusal is not None or entry.delivery is None:
            settled[entry.file] = replace(entry, outcome=REJECTED, is_current=False)
            continue
        before = counting.get(entry.delivery)
        if before is not None and settled[before].content_hash == entry.content_hash:
            settled[entry.file] = replace(entry, outcome=REPEATED, is_current=False)
            continue
        if before is not None:
            settled[before] = replace(settled[before], outcome=REPLACED, is_current=False)
        settled[entry.file] = replace(entry, outcome=LOADED, is_current=True)
        counting[entry.delivery] = entry.file
    return settled


def late_days(entries: Iterable[Entry], latency_days: int) -> dict[str, int]:
    """Days from business date to arrival of deliveries that came late, by the file that counts.

    A delivery is as late as its first usable file: a correction of one that came in time is not late.
    """
    first: dict[str, dt.date] = {}
    current: dict[str, Entry] = {}
    for entry in entries:
        if entry.refusal is None and entry.delivery is not None and entry.arrival_date is not None:
            first[entry.delivery] = min(first.get(entry.delivery, entry.arrival_date), entry.arrival_date)
            if entry.is_current:
                current[entry.delivery] = entry
    late = {}
    for delivery, entry in current.items():
        if entry.business_date is not None:
            days = (first[delivery] - entry.business_date).days
            if days > latency_days:
                late[entry.file] = days
    return late


def file_level_rows(ledger: Ledger, latency_days: int) -> pa.Table:
    """Quarantine rows about whole files (`line` null), derived from the ledger alone."""
    late = late_days(ledger.entries.values(), latency_days)
    rows: list[dict[str, object]] = []

    def add(entry: Entry, outcome: str, reason: str, column: str | None = None) -> None:
        rows.append(
            {
                "extract": entry.extract, "file": entry.file, "line": None, "column_name": column, "value": None,
                "reason": reason, "outcome": outcome, "arrival_date": entry.arrival_date, "delivery": entry.delivery,
                "record": None,
            }
        )  # fmt: skip

    current = ledger.current
    for entry in sorted(ledger.entries.values(), key=lambda item: item.file):
        if entry.outcome == REJECTED:
            add(entry, REJECTED, f"{entry.file} {entry.refusal}")
        elif entry.outcome == REPEATED:
            add(entry, REPEATED, f"same content as an earlier file of delivery {entry.delivery}; loaded once")
        elif entry.outcome == REPLACED:
            successor = current.get(entry.delivery or "")
            add(entry, REPLACED, f"corrected by {successor.file if successor else 'a later file'}")
        elif entry.is_current:
            for column, reason in entry.notes:
                add(entry, "kept_reported", f"column '{column}' {reason}", column)
            if entry.file in late:
                add(
                    entry,
                    "kept_reported",
                    f"arrived {late[entry.file]} days after its business date, the contract allows {latency_days}",
                )
    return pa.Table.from_pylist(rows, schema=_STORED_QUARANTINE)


def row_level_rows(entries: pa.Table, ledger: Ledger) -> pa.Table:
    """The loader's set-aside records as quarantine rows, those of files that count."""
    files = pc.dictionary_encode(entries["file"].combine_chunks())
    known = [ledger.entries[file] for file in files.dictionary.to_pylist()]
    arrivals = pa.array([entry.arrival_date for entry in known], pa.date32())
    deliveries = pa.array([entry.delivery for entry in known], pa.string())
    table = pa.table(
        {
            "extract": pa.repeat(pa.scalar(ledger.extract), len(entries)),
            **{name: entries[name] for name in ("file", "line", "column_name", "value", "reason", "outcome")},
            "arrival_date": arrivals.take(files.indices),
            "delivery": deliveries.take(files.indices),
            "record": entries["record"],
        }
    ).cast(_STORED_QUARANTINE)
    return only_current(table, ledger)


def only_current(rows: pa.Table, ledger: Ledger) -> pa.Table:
    """Row-level rows (those with a line) of the files that count."""
    keep = pa.array([file for file, entry in ledger.entries.items() if entry.is_current], pa.string())
    return rows.filter(pc.and_(pc.is_valid(rows["line"]), pc.is_in(rows["file"], value_set=keep)))


def read_ledger(home: Home, extract: str) -> Ledger:
    """The extract's ledger; empty before its first run."""
    ledger = Ledger(extract)
    path = _deliveries_file(home, extract)
    if path.exists():
        for row in pq.read_table(path, partitioning=None).to_pylist():
            notes = tuple((column, reason) for column, reason in json.loads(row.pop("notes")))
            ledger.entries[row["file"]] = Entry(**row, notes=notes)
        if _quarantine_file(home, extract).exists():
            ledger.rows = pq.read_table(_quarantine_file(home, extract), partitioning=None)
    return ledger


def write_ledger(home: Home, ledger: Ledger) -> None:
    """Write the quarantine, then the ledger; each aside and moved into place."""
    rows = [
        {name: getattr(entry, name) for name in _STORED_DELIVERIES.names if name != "notes"}
        | {"notes": json.dumps(entry.notes, ensure_ascii=False)}
        for entry in sorted(ledger.entries.values(), key=lambda item: item.file)
    ]
    order = [("file", "ascending"), ("line", "ascending"), ("outcome", "ascending"), ("reason", "ascending")]
    _write(_quarantine_file(home, ledger.extract), ledger.rows.cast(_STORED_QUARANTINE).sort_by(order))
    _write(_deliveries_file(home, ledger.extract), pa.Table.from_pylist(rows, schema=_STORED_DELIVERIES))


def read_deliveries(home: Home) -> pa.Table:
    """One row per file ever landed, all extracts (columns of `pipeline.deliveries`), by extract and file."""
    return _read_all(_deliveries_file(home, "x").parent, DELIVERIES)


def read_versions(home: Home) -> pa.Table:
    """One row per file ever landed, all extracts: what a release depends on (VERSIONS)."""
    return _read_all(_deliveries_file(home, "x").parent, VERSIONS)


def read_quarantine(home: Home) -> pa.Table:
    """One row per record or file set aside or reported, all extracts (columns of `pipeline.quarantine`).

    It shows the state of what counts: records of a file that was replaced since are gone, the file is listed as
    replaced. `line` is null where the whole file is meant.
    """
    return _read_all(home.quarantine, QUARANTINE)


def read_records(home: Home, extract: str) -> pa.Table:
    """The extract's quarantine with `record`, the row as delivered: nothing is lost, also when landing is archived."""
    path = _quarantine_file(home, extract)
    return pq.read_table(path, partitioning=None) if path.exists() else _STORED_QUARANTINE.empty_table()


def raw_tables(home: Home, settings: Settings, contracts: Mapping[str, Contract]) -> list[RawTable]:
    """What the lake holds, by extract: the digest of a month is that of the files that count in it, when they were
    read and by which columns. Rows that a mapping extract wrote into another's table count there."""
    root = open_lake(home, settings).root
    held: dict[str, dict[str, list[tuple[str, ...]]]] = {extract: {} for extract in contracts}
    columns = ["delivery", "business_date", "file", "content_hash", "layout", "batch"]
    for extract, contract in contracts.items():
        path = _deliveries_file(home, extract)
        if not path.exists():
            continue
        filed = pq.read_table(path, columns=columns, partitioning=None, filters=pc.field("is_current"))
        for delivery, day, *version in zip(*filed.select(columns).to_pydict().values(), strict=True):
            for target in (extract, *contract.mappings):
                held[target].setdefault(f"{day:%Y-%m}", []).append((extract, delivery, str(day), *map(str, version)))
    return [
        RawTable(
            extract,
            f"{root}/raw/{extract}",
            contracts[extract].layout,
            {month: hashlib.sha256(repr(sorted(found)).encode()).hexdigest()[:12] for month, found in months.items()},
        )
        for extract, months in held.items()
    ]


def latest_arrival(home: Home) -> dt.date | None:
    """The last arrival date of a file that could be used: the default "now". None before the first."""
    table = read_deliveries(home)
    days = [
        day
        for day, outcome in zip(table["arrival_date"].to_pylist(), table["outcome"].to_pylist(), strict=True)
        if outcome != REJECTED and day is not None
    ]
    return max(days, default=None)


@dataclass(frozen=True)
class Day:
    """What arrived on one day, over all extracts, and what became of it so far. Rows are those of files that count."""

    files: int
    files_rejected: int
    extracts: int
    rows_loaded: int
    rows_quarantined: int


def days_of_arrival(home: Home) -> dict[dt.date, Day]:
    """What arrived, by arrival date, in order."""
    found: dict[dt.date, list[dict[str, Any]]] = {}
    columns = ["arrival_date", "extract", "outcome", "is_current", "rows_loaded", "rows_quarantined"]
    for row in read_deliveries(home).select(columns).to_pylist():
        if row["arrival_date"] is not None:
            found.setdefault(row["arrival_date"], []).append(row)
    return {
        day: Day(
            files=len(rows),
            files_rejected=sum(row["outcome"] == REJECTED for row in rows),
            extracts=len({row["extract"] for row in rows}),
            rows_loaded=sum(row["rows_loaded"] for row in rows if row["is_current"]),
            rows_quarantined=sum(row["rows_quarantined"] for row in rows if row["is_current"]),
        )
        for day, rows in sorted(found.items())
    }


def _read_all(folder: Path, schema: pa.Schema) -> pa.Table:
    tables = [pq.read_table(path, columns=schema.names, partitioning=None) for path in sorted(folder.glob("*.parquet"))]
    return pa.concat_tables([schema.empty_table(), *(table.cast(schema) for table in tables)])


def _write(path: Path, table: pa.Table) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    pq.write_table(table, part, compression="zstd")
    part.replace(path)


def _deliveries_file(home: Home, extract: str) -> Path:
    return home.lake / "deliveries" / f"{extract}.parquet"


def _quarantine_file(home: Home, extract: str) -> Path:
    return home.quarantine / f"{extract}.parquet"
