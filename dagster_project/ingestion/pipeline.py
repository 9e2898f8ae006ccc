"""The way in: from landing to the lake, extract by extract, idempotent by content.

    inspect landing -> read what is new (`loader`) -> settle which files count (`ledger`) -> place them in the lake
    -> write quarantine and ledger

A file whose content the ledger knows is not read again. Nothing is decided by the order of runs: after any
sequence of them the lake holds what one run over all files would have put there. A file that disappears from
landing stays loaded.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import shutil
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.ingestion.inventory import LandedFile, inspect, list_files, shown, unknown_folders
from dagster_project.ingestion.lake import PART, Lake, path_segment
from dagster_project.ingestion.ledger import (
    LOADED,
    REJECTED,
    Entry,
    Ledger,
    file_level_rows,
    late_days,
    only_current,
    read_ledger,
    row_level_rows,
    settle,
    write_ledger,
)
from dagster_project.ingestion.loader import FileResult, Loader
from dagster_project.ingestion.mapping import map_delivery, mapped_key
from dagster_project.ingestion.probe import FileRefusedError
from dagster_project.settings import Home, Settings
from dagster_project.warehouse.duckdb_session import session
from dagster_project.warehouse.lake_store import LakeError, open_lake
from data_quality.contract import CONTRACTS_DIR, Contract, load_contracts

MEMORY_LIMIT = "2GB"
LONGEST_REFUSAL = 1000

Progress = Callable[[str, int, int], None]
"""Called with extract, files done, files to do."""


@dataclass(frozen=True)
class ExtractReport:
    """What one run did with one extract. Rows are those of the files read in this run.

    `files_arrived` are those never seen before, `arrivals` the arrival dates of all files read. `drift` and `rejected`
    are sentences. `threshold_exceeded` is one sentence, or None while the contract's share of
    rejected rows is kept (see `verdict`).
    """

    extract: str
    files_seen: int
    files_new: int
    files_arrived: int
    files_skipped: int
    files_rejected: int
    rows_read: int
    rows_loaded: int
    rows_quarantined: int
    rows_deduplicated: int
    arrivals: tuple[dt.date, ...]
    drift: tuple[str, ...]
    rejected: tuple[str, ...]
    threshold_exceeded: str | None
    seconds: float


@dataclass(frozen=True)
class IngestionReport:
    """All extracts of a run. `unknown_folders` are folders in landing that no contract claims."""

    extracts: tuple[ExtractReport, ...]
    unknown_folders: tuple[str, ...] = ()

    @property
    def threshold_exceeded(self) -> tuple[str, ...]:
        """One sentence per extract whose rejected rows are too many."""
        return tuple(report.threshold_exceeded for report in self.extracts if report.threshold_exceeded)

    def total(self, name: str) -> int:
        """Sum of a count over the extracts, as `total("rows_loaded")`."""
        return sum(int(getattr(report, name)) for report in self.extracts)


def find_contracts(home: Home, settings: Settings) -> dict[str, Contract]:
    """The shipped contracts, those of `ingestion.contract_dirs`, and those in `<home>/contracts`; later ones
    override.
    """
    own = [home.root / Path(folder).expanduser() for folder in settings.ingestion.contract_dirs]
    return load_contracts([CONTRACTS_DIR, *own, home.root / "contracts"])


def ingest(
    home: Home,
    settings: Settings,
    contracts: Mapping[str, Contract],
    *,
    today: dt.date,
    extracts: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> IngestionReport:
    """Ingest every contract's extract, or those named. One extract's bad files never stop another's.

    Raises KeyError for an extract without contract.
    """
    chosen = list(contracts) if extracts is None else list(extracts)
    reports = tuple(
        ingest_extract(contracts[extract], home, settings, contracts=contracts, today=today, progress=progress)
        for extract in chosen
    )
    return IngestionReport(reports, tuple(unknown_folders(home.landing, contracts)))


def ingest_extract(
    contract: Contract,
    home: Home,
    settings: Settings,
    *,
    contracts: Mapping[str, Contract],
    today: dt.date,
    progress: Progress | None = None,
) -> ExtractReport:
    """Bring one extract's new files into the lake. Extracts share no file, so they may run beside each other.

    `contracts` serves mapping extracts, which write into another contract's table. Folders dated after `today`,
    or after the setting `as_of`, are refused.
    """
    return _Run(contract, home, settings, contracts, today, progress).run(lambda entry: False)


def replay(
    home: Home,
    settings: Settings,
    contracts: Mapping[str, Contract],
    *,
    today: dt.date,
    extract: str | None = None,
    file: str | None = None,
    progress: Progress | None = None,
) -> IngestionReport:
    """Hold what was set aside to the present contracts again, and load what passes now.

    Files with quarantined rows and refused files are read again whole, so a replay loads what a first run would have.
    `file` (path under landing) narrows it to one. Files that have left landing stay as they are; their records are in
    `read_records`. Raises KeyError for an extract without contract or a file the ledger does not know.
    """

    def is_chosen(entry: Entry) -> bool:
        return (file is None or entry.file == file) and (entry.refusal is not None or entry.rows_quarantined > 0)

    if extract is None and file is not None:
        extract = file.split("/")[0]
    if file is not None and file not in read_ledger(home, str(extract)).entries:
        raise KeyError(f"{file}: never ingested; name it as `omnivue quarantine list` does")
    chosen = list(contracts) if extract is None else [extract]
    return IngestionReport(
        tuple(_Run(contracts[name], home, settings, contracts, today, progress).run(is_chosen) for name in chosen)
    )


def take_again(
    home: Home,
    settings: Settings,
    contracts: Mapping[str, Contract],
    *,
    today: dt.date,
    first: dt.date,
    last: dt.date,
    extract: str | None = None,
    progress: Progress | None = None,
) -> IngestionReport:
    """Read every file that arrived from `first` to `last` (both included) once more, under the present contracts; of
    one extract, or of all. What else is new in landing is taken in as ever. Files that have left landing stay as they
    are. Raises KeyError for an extract without contract.
    """

    def is_chosen(entry: Entry) -> bool:
        return entry.arrival_date is not None and first <= entry.arrival_date <= last

    chosen = list(contracts) if extract is None else [extract]
    return IngestionReport(
        tuple(_Run(contracts[name], home, settings, contracts, today, progress).run(is_chosen) for name in chosen)
    )


def verdict(entries: Iterable[Entry], extract: str, share: float) -> str | None:
    """One sentence when an extract's deliveries break its contract too often, else None.

    Judged is every batch (the files that one run read first) by the files that count: quarantined rows may be up to
    `share` of the rows read, rounded up to a whole row, so that one bad row in a small file passes unless
    `share` is 0. A refused file is reported and does not count while any delivery of the extract can be used:
    the next one usually brings its rows. The verdict is a function of the ledger, so a second run does not turn
    a failed one into a good one; a corrected delivery, a mended contract with a replay, or a raised threshold
    does.
    """
    entries = list(entries)
    refused = [entry for entry in entries if entry.outcome == REJECTED]
    current = [entry for entry in entries if entry.is_current]
    if refused and not current:
        first = refused[0]
        return f"{extract}: none of its {len(refused)} files could be used, the first: {first.file} {first.refusal}"
    read: Counter[int] = Counter()
    bad: Counter[int] = Counter()
    for entry in current:
        batch = entry.judged_with or entry.batch
        read[batch] += entry.rows_read
        bad[batch] += entry.rows_quarantined
    for batch in sorted(read, reverse=True):
        if bad[batch] > math.ceil(round(share * read[batch], 9)):
            return (
                f"{extract}: {bad[batch]} of {read[batch]} rows ({bad[batch] / read[batch]:.1%}) break the contract, "
                f"the threshold is {share:.1%}; see `omnivue quarantine list --extract {extract}`"
            )
    return None


def _is_out_of_reach(item: LandedFile, entry: Entry | None) -> bool:
    """Whether a file that was read once cannot be opened now: it stays loaded, as one that has left landing does."""
    return item.is_closed and entry is not None and entry.refusal is None


@dataclass
class _Run:
    """One run over one extract."""

    contract: Contract
    home: Home
    settings: Settings
    contracts: Mapping[str, Contract]
    today: dt.date
    progress: Progress | None
    started: float = field(default_factory=time.perf_counter)

    def __post_init__(self) -> None:
        self.extract = self.contract.id
        self.store = open_lake(self.home, self.settings)
        self.aside = self.store.aside / self.extract
        self.lake = Lake(self.store, self.aside, self.extract)
        self.layout = self._layout()
        self.threads = self.settings.ingestion.threads

    def run(self, again: Callable[[Entry], bool]) -> ExtractReport:
        """`again` says which known files to read once more."""
        self.home.create()
        self.store.create()
        shutil.rmtree(self.aside, ignore_errors=True)
        self.aside.mkdir(parents=True)
        old = read_ledger(self.home, self.extract)
        self.placed = self.lake.files()
        last_day = min(self.today, self.settings.as_of or self.today)
        listed = list_files(self.contract, self.home.landing)
        inspected = inspect(self.contract, listed, last_day, self.threads)
        landed = {item.file: item for item in inspected if not _is_out_of_reach(item, old.entries.get(item.file))}
        todo = [item for item in landed.values() if self._is_new(item, old.entries.get(item.file), again)]
        stale = [
            entry
            for entry in old.entries.values()
            if entry.is_current and entry.layout != self.layout and entry.file not in landed
        ]
        with session(
            threads=self.threads, memory_limit=MEMORY_LIMIT, temp_directory=self.aside / "spill"
        ) as connection:
            self.lake.write_schema(connection, self.contract)
            new = Ledger(self.extract, dict(old.entries), old.rows)
            if todo or stale:
                loader = self._bring_in(connection, old, new, landed, todo, stale)
                self._remember(old, new, loader)
            else:
                self._refuse_to_forget(new, ())
        shutil.rmtree(self.aside, ignore_errors=True)
        return self._report(old, new, landed, {item.file for item in todo})

    def _layout(self) -> str:
        """What loaded rows depend on: this contract's layout and, for a mapping extract, its targets' and the SQL."""
        parts = [self.contract.layout]
        for target in self.contract.mappings:
            parts += [self.contracts[target].layout, self.contract.mapping_sql(target)]
        return parts[0] if len(parts) == 1 else hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]

    def _is_new(self, item: LandedFile, entry: Entry | None, again: Callable[[Entry], bool]) -> bool:
        if entry is None or entry.content_hash != item.sha256:
            return True
        if item.refusal is not None or not entry.is_settled:
            return item.refusal != entry.refusal
        if entry.layout != self.layout or again(entry):
            return True
        return self._is_missing(entry)

    def _is_missing(self, entry: Entry) -> bool:
        """Whether the lake lacks rows that the ledger says it holds."""
        return bool(entry.is_current and entry.rows_loaded) and self._path(entry) not in self.placed

    def _path(self, entry: Entry) -> str:
        return self.lake.path(entry.business_date or self.today, entry.delivery or "")

    def _refuse_to_forget(self, ledger: Ledger, read: Container[str]) -> None:
        """What a lake lacks, as after a move, is read again while landing holds it. Raises LakeError for the rest."""
        lost = sorted(file for file, entry in ledger.entries.items() if file not in read and self._is_missing(entry))
        if lost:
            raise LakeError(
                f"{self.extract}: {self.store.root} lacks the rows of {len(lost)} loaded files that have left landing, "
                f"the first: {lost[0]}; copy raw/ of the former lake there, or bring the files back to landing"
            )

    def _bring_in(
        self,
        connection: duckdb.DuckDBPyConnection,
        old: Ledger,
        new: Ledger,
        landed: Mapping[str, LandedFile],
        todo: Sequence[LandedFile],
        stale: Sequence[Entry],
    ) -> Loader:
        """Read files until every delivery that counts is loaded, and put them into the lake."""
        loader = Loader(connection, self.contract, self.aside / "staged", self.settings.ingestion)
        mapped: dict[tuple[str, str], Path | None] = {}
        done = 0

        def tell(files: int) -> None:
            nonlocal done
            done += files
            if self.progress is not None:
                self.progress(self.extract, done, len(todo))

        batch = old.last_batch + 1
        waiting = list(todo)
        while waiting:
            loader.load(waiting, tell)
            for item in waiting:
                result = loader.results[item.file]
                for target in self.contract.mappings:
                    self._map(connection, result, target, mapped)
                new.entries[item.file] = self._entry(result, batch, old.entries.get(item.file))
            new.entries = settle(new.entries.values())
            waiting = self._not_loaded(old, new, landed, loader)
        for entry in stale:
            known = new.entries[entry.file]
            if self._path(entry) in self.placed:
                self.lake.conform(connection, self.contract, self._path(entry))
            new.entries[entry.file] = replace(known, layout=self.layout)
        self._refuse_to_forget(new, loader.results)
        self._place(old, new, loader, mapped)
        return loader

    def _map(
        self,
        connection: duckdb.DuckDBPyConnection,
        result: FileResult,
        target: str,
        mapped: dict[tuple[str, str], Path | None],
    ) -> None:
        if result.refusal is not None:
            return
        folder = self.aside / "mapped" / target / str(result.number)
        try:
            mapped[result.landed.file, target] = map_delivery(
                connection, self.contract, self.contracts[target], result, folder
            )
        except FileRefusedError as error:
            result.refusal = str(error)

    def _entry(self, result: FileResult, batch: int, before: Entry | None) -> Entry:
        landed = result.landed
        first = before if before is not None and before.content_hash == landed.sha256 else None
        delivery = landed.delivery
        usable = result.refusal is None
        return Entry(
            extract=self.extract,
            file=landed.file,
            content_hash=landed.sha256,
            arrival_date=landed.arrival,
            delivery=None if delivery is None else path_segment(delivery.key),
            delivery_kind=None if delivery is None else delivery.kind,
            business_date=None if delivery is None else delivery.business_date,
            rows_read=result.rows_read if usable else 0,
            rows_loaded=result.rows_loaded if usable else 0,
            rows_quarantined=result.rows_quarantined if usable else 0,
            rows_deduplicated=result.rows_deduplicated if usable else 0,
            refusal=None if result.refusal is None else shown(result.refusal)[:LONGEST_REFUSAL],
            notes=tuple(result.notes) if usable else (),
            batch=batch,
            judged_with=(first.judged_with or first.batch) if first else batch,
            # What place and name forbid is looked at again in every run: time or a rename heals it.
            layout="" if result.may_heal else self.layout,
        )

    def _not_loaded(
        self, old: Ledger, new: Ledger, landed: Mapping[str, LandedFile], loader: Loader
    ) -> list[LandedFile]:
        """Files that count now, are not in the lake, and were not read in this run: their successor was withdrawn."""
        waiting = []
        for entry in list(new.current.values()):
            before = old.entries.get(entry.file)
            if entry.file in loader.results or (before is not None and before.is_current):
                continue
            if entry.file in landed:
                waiting.append(landed[entry.file])
            else:
                new.entries[entry.file] = replace(entry, refusal="has left landing and its correction was withdrawn")
        if any(entry.outcome == LOADED and entry.refusal for entry in new.entries.values()):
            new.entries = settle(new.entries.values())
        return waiting

    def _place(self, old: Ledger, new: Ledger, loader: Loader, mapped: Mapping[tuple[str, str], Path | None]) -> None:
        """Make the lake's files those of the deliveries that count."""
        before, after = old.current, new.current
        placed: dict[str, Path | None] = {}
        for delivery in sorted({*before, *after}):
            entry = after.get(delivery)
            if entry is not None and entry.file in loader.results:
                staged = loader.results[entry.file].staged
            elif entry is None:
                staged, entry = None, before[delivery]
            else:
                continue
            placed[self._path(entry)] = staged
            for target in self.contract.mappings:
                path = Lake(self.store, self.aside, target).path(
                    entry.business_date or self.today, mapped_key(self.extract, delivery)
                )
                placed[path] = mapped.get((entry.file, target)) if delivery in after else None
        for path, folder in placed.items():
            if folder is None:
                self.store.remove(path)
        self.store.put({path: folder / PART for path, folder in placed.items() if folder is not None})

    def _remember(self, old: Ledger, new: Ledger, loader: Loader) -> None:
        read = pa.array(list(loader.results), pa.string())
        kept = old.rows.filter(pc.invert(pc.is_in(old.rows["file"], value_set=read)))
        new.rows = pa.concat_tables(
            [
                only_current(kept, new),
                row_level_rows(loader.entries(), new),
                file_level_rows(new, self.contract.latency_days),
            ]
        )
        write_ledger(self.home, new)

    def _report(self, old: Ledger, ledger: Ledger, landed: Mapping[str, LandedFile], read: set[str]) -> ExtractReport:
        entries = [entry for file, entry in sorted(ledger.entries.items()) if file in read]
        current = [entry for entry in entries if entry.is_current]
        refused = [entry for entry in entries if entry.outcome == REJECTED]
        drift = Counter(shown(f"column '{column}' {reason}") for entry in current for column, reason in entry.notes)
        late = late_days(ledger.entries.values(), self.contract.latency_days)
        share = self.contract.max_rejected_share
        return ExtractReport(
            extract=self.extract,
            files_seen=len(landed),
            files_new=len(read),
            files_arrived=sum(entry.file not in old.entries for entry in entries if entry.refusal is None),
            files_skipped=len(landed) - len(read),
            files_rejected=len(refused),
            rows_read=sum(entry.rows_read for entry in entries),
            rows_loaded=sum(entry.rows_loaded for entry in current),
            rows_quarantined=sum(entry.rows_quarantined for entry in current),
            rows_deduplicated=sum(entry.rows_deduplicated for entry in current),
            arrivals=tuple(sorted({entry.arrival_date for entry in entries if entry.arrival_date is not None})),
            drift=(
                *(f"{what} ({count} {'file' if count == 1 else 'files'})" for what, count in sorted(drift.items())),
                *(
                    f"{file} arrived {days} days after its business date"
                    for file, days in sorted(late.items())
                    if file in read
                ),
            ),
            rejected=tuple(f"{entry.file} {entry.refusal}" for entry in refused),
            threshold_exceeded=verdict(
                ledger.entries.values(),
                self.extract,
                self.settings.ingestion.max_rejected_share if share is None else share,
            ),
            seconds=time.perf_counter() - self.started,
        )
