"""From landed files to staged Parquet: read many files in one query, type them, hold them to the contract,
write them aside.

One `Loader` serves one extract in one run. Each batch becomes one temporary table (`batch`) of typed values in
delivered order, with the first broken column of every row; from it come the quarantine entries, the counts and
the staged files, `<staging>/file_number=<n>/part.parquet`. Which of them enter the lake is decided later, when all
deliveries are known.

How a record finds its physical line: `batch` keeps delivered order in its row id, so a record stands as many
lines after its file's first as there are records before it, plus the line breaks inside their cells. When a
file's lines do not add up that way it is read again the careful way (`renumber`).
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from dagster_project.ingestion.date_formats import date_format
from dagster_project.ingestion.expressions import (
    ColumnSql,
    Delivered,
    all_reasons,
    column_sql,
    first_broken,
    is_blank,
    literal,
    quoted,
    struct_fields,
    structure,
)
from dagster_project.ingestion.inventory import LandedFile
from dagster_project.ingestion.probe import (
    NEEDS_EXTENSION,
    Extent,
    FileRefusedError,
    Probe,
    decoded,
    is_packed,
    measure,
    probe,
    sentence,
    too_large,
    too_many_rows,
    unreadable,
)
from dagster_project.ingestion.renumber import Renumbered, renumber
from dagster_project.ingestion.workbook import check_workbook
from dagster_project.settings import Ingestion
from dagster_project.warehouse.duckdb_session import load_encodings
from dagster_project.warehouse.warehouse import exactly
from data_quality.contract import Column, Contract, Dialect

BATCH_BYTES = 96 << 20  # of text; its typed table takes two to three times as much memory
PACKED_FACTOR = 8
NOTED_KEYS = 100  # of a JSON file that no column is promised under
NOTED_CHARACTERS = 100  # of a column's name

Item = TypeVar("Item")

ROW_ENTRIES = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),
        ("column_name", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("outcome", pa.string()),
        ("record", pa.string()),
    ]
)


@dataclass
class FileResult:
    """What became of one file. Rows are counted as delivered; read = loaded + quarantined + deduplicated.

    `refusal` is why nothing of it can be used, `may_heal` whether the same content is worth another look. `notes` are
    (column, reason) pairs to report. `staged` holds the rows that passed (None when none did).
    """

    landed: LandedFile
    number: int
    refusal: str | None = None
    may_heal: bool = False
    rows_read: int = 0
    rows_loaded: int = 0
    rows_quarantined: int = 0
    rows_deduplicated: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    staged: Path | None = None


@dataclass(frozen=True)
class _Text:
    """A CSV file ready for DuckDB: the landed file, where to read it, and what its bytes said."""

    result: FileResult
    path: Path
    probe: Probe


class Loader:
    """Loads files of one extract. `results` and `entries` (rows set aside, as ROW_ENTRIES) fill as files are read."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, contract: Contract, staging: Path, limits: Ingestion
    ) -> None:
        self.connection = connection
        self.contract = contract
        self.staging = staging
        self.limits = limits
        self.threads = limits.threads
        self.results: dict[str, FileResult] = {}
        self._entries: list[pa.Table] = []
        self._has_encodings = False
        self._rows = self._lines = np.empty(0, dtype=np.int64)  # row ids of the batch in order, and their lines

    def entries(self) -> pa.Table:
        """One row per record set aside (quarantined or an exact repeat), of all files read so far."""
        return pa.concat_tables([ROW_ENTRIES.empty_table(), *self._entries])

    def load(self, files: Sequence[LandedFile], done: Callable[[int], None] = lambda files: None) -> None:
        """Read the files. `done` is told how many of them each step finished."""
        fresh = []
        for landed in files:
            result = FileResult(landed, len(self.results), landed.refusal)
            self.results[landed.file] = result
            if landed.refusal is not None:
                result.may_heal = True
            elif landed.size > self.limits.max_file_bytes:
                result.refusal = str(too_large(self.limits))
            else:
                fresh.append(result)
        readers = {
            "csv": self._load_csv,
            "json": self._load_json,
            "parquet": self._load_parquet,
            "xlsx": self._load_xlsx,
        }
        groups: dict[Dialect, list[FileResult]] = {}
        for result in fresh:
            groups.setdefault(self.contract.dialect(result.landed.path.name), []).append(result)
        done(len(files) - len(fresh))
        for dialect, group in groups.items():
            for batch in _batches(group):
                readers[dialect.format](batch, dialect)
                for result in batch:
                    if result.landed.has_changed:
                        result.refusal = "changed while it was read; deliver it whole, under another name until it is"
                        result.may_heal = True
                done(len(batch))

    # --- CSV -------------------------------------------------------------------------------------------------------

    def _load_csv(self, results: list[FileResult], dialect: Dialect) -> None:
        with ThreadPoolExecutor(max_workers=self.threads) as pool:
            probes = list(pool.map(lambda result: self._probe(result, dialect), results))
        groups: dict[tuple[tuple[str, ...], str, str], list[_Text]] = {}
        for result, seen in zip(results, probes, strict=True):
            if seen is not None and self._has_columns(result, seen.header):
                path = self._rewritten(result, dialect) if seen.must_rewrite else result.landed.path
                groups.setdefault((seen.header, seen.encoding, path.suffix.lower()), []).append(
                    _Text(result, path, seen)
                )
        for (header, encoding, _), texts in groups.items():
            if encoding in NEEDS_EXTENSION and not self._has_encodings:
                load_encodings(self.connection)
                self._has_encodings = True
            for portion in _portions(texts, lambda text: text.probe.extent, self.limits):
                self._read_csv(portion, header, encoding, dialect)

    def _probe(self, result: FileResult, dialect: Dialect) -> Probe | None:
        try:
            return probe(result.landed.path, dialect, self.limits)
        except FileRefusedError as error:
            result.refusal = str(error)
            return None

    def _has_columns(self, result: FileResult, header: Sequence[str]) -> bool:
        """Refuse the file when a required column is missing; note optional ones that are and columns nobody
        promised.
        """
        if len(header) > self.limits.max_columns:
            result.refusal = (
                f"has {len(header):,} columns, more than {self.limits.max_columns:,}; deliver it again with the "
                "contract's, or raise ingestion.max_columns"
            )
            return False
        if strange := [position for position, name in enumerate(header, start=1) if "\0" in name]:
            result.refusal = f"has a NUL character in the name of column {strange[0]}; deliver it again without"
            return False
        delivered = [_folded(name) for name in header]
        known = {_folded(column.header): column for column in self.contract.columns}
        missing = [column for name, column in known.items() if name not in delivered]
        if required := [column for column in missing if column.required]:
            names = ", ".join(f"'{column.header}'" for column in required)
            result.refusal = (
                f"has no column {names}, which the contract requires; deliver it again with it, or mend the contract"
            )
            return False
        if twice := [name for name in header if _folded(name) in known and delivered.count(_folded(name)) > 1]:
            result.refusal = f"has column '{twice[0]}' twice; deliver it again with it once"
            return False
        result.notes += [(column.header, "is missing, optional; read as empty") for column in missing]
        result.notes += [
            (name[:NOTED_CHARACTERS] or f"column {position}", "is not in the contract; kept in _extra")
            for position, name in enumerate(header, start=1)
            if _folded(name) not in known
        ]
        return True

    def _rewritten(self, result: FileResult, dialect: Dialect) -> Path:
        target = self._aside(result, ".utf8.csv")
        with target.open("w", encoding="utf-8", newline="") as handle:
            handle.writelines(decoded(result.landed.path, dialect, self.limits))
        return target

    def _aside(self, result: FileResult, suffix: str) -> Path:
        self.staging.mkdir(parents=True, exist_ok=True)
        return self.staging / f"rewritten_{result.number}{suffix}"

    def _read_csv(self, texts: list[_Text], header: tuple[str, ...], encoding: str, dialect: Dialect) -> None:
        """Read files of one header together; what cannot be read that way alone, and what not even so is refused."""
        names = [f"c{position}" for position in range(len(header))]
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
        files = _file_list(text.path for text in texts)
        compression = {".gz": "gzip", ".zst": "zstd"}.get(texts[0].path.suffix.lower(), "none")
        source = (
            f"read_csv({files}, columns = {{{columns}}}, auto_detect = false, header = false, "
            f"skip = {dialect.skip_lines + 1}, delim = {literal(dialect.delimiter)}, quote = {literal(dialect.quote)}, "
            f"escape = {literal(dialect.quote)}, encoding = {literal(encoding)}, compression = {literal(compression)}, "
            "hive_partitioning = false, strict_mode = true, store_rejects = true)"
        )
        for table in ("reject_errors", "reject_scans"):
            self.connection.execute(f"drop table if exists {table}")
        try:
            sql = self._create_csv(source, header, names, dialect, line="null::BIGINT", file="file_index::INTEGER")
            careful = self._add_up(texts, dialect, sql)
        except duckdb.Error:
            if len(texts) == 1:
                self._read_csv_carefully(texts[0], header, dialect)
                return
            half = len(texts) // 2
            self._read_csv(texts[:half], header, encoding, dialect)
            self._read_csv(texts[half:], header, encoding, dialect)
            return
        good = [text for text in texts if text not in careful and text.result.refusal is None]
        self._finish([text.result for text in texts], {texts.index(text) for text in good}, sql)
        for text in careful:
            self._read_csv_carefully(text, header, dialect)

    def _create_csv(
        self,
        source: str,
        header: Sequence[str],
        names: Sequence[str],
        dialect: Dialect,
        *,
        line: str,
        file: str,
        skip: str = "false",
    ) -> list[ColumnSql]:
        known = {_folded(column.header): column for column in self.contract.columns}
        delivered = {}
        extra = []
        for name, title in zip(names, header, strict=True):
            column = known.get(_folded(title))
            if column is None:
                extra.append((title or name, name))
            else:
                delivered[column.name] = Delivered(name, "text")
        if dialect.footer_pattern:
            skip = f"coalesce(regexp_matches({names[0]}, {literal(dialect.footer_pattern)}), false)"
        extra_json, extra_breaks = "null::VARCHAR", "0"
        if extra:
            pairs = ", ".join(f"{literal(title)}, {name}" for title, name in extra)
            extra_json = f"cast(json_object({pairs}) as VARCHAR)"
            extra_breaks = _line_breaks([name for _, name in extra])
        return self._create(
            source, delivered, dialect, file=file, line=line, extra=extra_json, skip=skip, line_breaks=extra_breaks
        )

    def _add_up(self, texts: list[_Text], dialect: Dialect, sql: list[ColumnSql]) -> list[_Text]:
        """Give every file's records their lines; the files whose lines do not add up are returned.

        A file counts its physical lines twice: as line ends in its bytes, and as header plus records with the
        line breaks inside their cells. Only when both agree is every record's line known.
        """
        rejects: dict[str, tuple[int, int, int]] = {}
        footer = literal(dialect.footer_pattern or "$.^")
        for path, broken, footers, undecodable in self.connection.execute(
            f"""
            select scans.file_path,
                count(distinct errors.line) filter (not regexp_matches(coalesce(errors.csv_line, ''), {footer})),
                count(distinct errors.line) filter (regexp_matches(coalesce(errors.csv_line, ''), {footer})),
                count(*) filter (errors.error_type = 'INVALID ENCODING')
            from reject_errors errors join reject_scans scans using (scan_id, file_id) group by 1
            """
        ).fetchall():
            rejects[Path(path).as_posix()] = (broken, footers, undecodable)
        counts = {
            file: (records, footers)
            for file, records, footers in self.connection.execute(
                "select file, count(*), count(*) filter (_skip) from batch group by file"
            ).fetchall()
        }
        top = dialect.skip_lines + 1
        suspects = []
        for position, text in enumerate(texts):
            broken, footers, undecodable = rejects.get(text.path.as_posix(), (0, 0, 0))
            records, read_footers = counts.get(position, (0, 0))
            if undecodable:
                text.result.refusal = f"cannot be read as {dialect.encoding}; export it again in {dialect.encoding}"
            elif dialect.footer_pattern and not footers + read_footers:
                text.result.refusal = (
                    f"has no closing line like {dialect.footer_pattern}: it is cut off; deliver it again"
                )
            elif broken or top + records + footers != text.probe.extent.lines:
                suspects.append(position)
        careful = [position for position in suspects if rejects.get(texts[position].path.as_posix(), (0,))[0]]
        breaks = "0"
        if len(suspects) > len(careful):
            breaks = self._breaks_in_cells([position for position in suspects if position not in careful], sql)
            sums = dict(
                self.connection.execute(
                    f"select file, cast(sum({breaks}) as BIGINT) from batch group by file"
                ).fetchall()
            )
            for position in suspects:
                text = texts[position]
                footers = rejects.get(text.path.as_posix(), (0, 0, 0))[1]
                total = top + counts.get(position, (0, 0))[0] + sums.get(position, 0) + footers
                if position not in careful and total != text.probe.extent.lines:
                    careful.append(position)
        dropped = careful + [position for position, text in enumerate(texts) if text.result.refusal is not None]
        self._keep_all_but(dropped)
        self._number_lines(dict.fromkeys(range(len(texts)), top + 1), breaks)
        return [texts[position] for position in careful if texts[position].result.refusal is None]

    def _breaks_in_cells(self, files: list[int], sql: list[ColumnSql]) -> str:
        """SQL for the line breaks inside a record's cells, over those text columns that hold any."""
        texts = [item.value for item in sql if item.column.is_text]
        flags = ", ".join(f"coalesce(bool_or(contains({value}, chr(10))), false)" for value in texts)
        among = ", ".join(str(file) for file in files)
        row = self.connection.execute(f"select {flags} from batch where file in ({among})").fetchall() if texts else []
        broken = [value for value, flag in zip(texts, row[0] if row else [], strict=bool(row)) if flag]
        return f"({_line_breaks(broken)} + _line_breaks)" if broken else "_line_breaks"

    def _read_csv_carefully(self, text: _Text, header: tuple[str, ...], dialect: Dialect) -> None:
        target = self._aside(text.result, ".numbered.csv")
        try:
            seen = renumber(text.result.landed.path, dialect, len(header), target, self.limits)
            if dialect.footer_pattern and not seen.footers:
                raise FileRefusedError(
                    f"has no closing line like {dialect.footer_pattern}: it is cut off; deliver it again"
                )
        except FileRefusedError as error:
            text.result.refusal = str(error)
            return
        names = [f"c{position}" for position in range(len(header))]
        columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in names)
        source = (
            f"read_csv({_file_list([target])}, columns = {{'line': 'BIGINT', {columns}}}, auto_detect = false, "
            "header = false, delim = ',', quote = '\"', escape = '\"', hive_partitioning = false, "
            f"max_line_size = {max(2_000_000, seen.longest)})"
        )
        try:
            sql = self._create_csv(source, header, names, dialect, line="line", file="0")
            self._number_lines({}, "0")
            self._finish([text.result], {0}, sql)
        except duckdb.Error as error:
            text.result.refusal = str(unreadable(error))
            return
        target.unlink()
        if text.result.refusal is None:
            self._set_aside_broken(text.result, seen, len(header))

    def _set_aside_broken(self, result: FileResult, seen: Renumbered, width: int) -> None:
        broken = seen.broken
        result.rows_read += len(broken)
        result.rows_quarantined += len(broken)
        self._entries.append(
            pa.table(
                {
                    "file": [result.landed.file] * len(broken),
                    "line": [item.line for item in broken],
                    "column_name": [None] * len(broken),
                    "value": [item.text[:200] for item in broken],
                    "reason": [f"has {item.cells} cells, the header has {width}" for item in broken],
                    "outcome": ["row_quarantined"] * len(broken),
                    "record": [item.text for item in broken],
                },
                schema=ROW_ENTRIES,
            )
        )

    # --- JSON Lines ------------------------------------------------------------------------------------------------

    def _load_json(self, results: list[FileResult], dialect: Dialect) -> None:
        with ThreadPoolExecutor(max_workers=self.threads) as pool:
            extents = dict(zip((result.number for result in results), pool.map(self._measured, results), strict=True))
        groups: dict[str, list[FileResult]] = {}
        for result in results:
            if result.refusal is None:
                groups.setdefault(result.landed.path.suffix.lower(), []).append(result)
        for group in groups.values():
            for portion in _portions(group, lambda result: extents[result.number], self.limits):
                self._read_json(portion, extents, dialect)

    def _measured(self, result: FileResult) -> Extent:
        try:
            return measure(result.landed.path, self.limits)
        except FileRefusedError as error:
            result.refusal = str(error)
            return Extent(0, 0, True)

    def _read_json(self, results: list[FileResult], extents: Mapping[int, Extent], dialect: Dialect) -> None:
        """Read files together; when that fails by halves, and a file alone the careful way before it is refused."""
        try:
            self._read_lines(results, dialect)
            self._refuse_cut_off(results, extents)
            self._type_json(results, dialect)
        except duckdb.Error as error:
            if len(results) == 1:
                results[0].refusal = str(unreadable(error))
                return
            half = len(results) // 2
            self._read_json(results[:half], extents, dialect)
            self._read_json(results[half:], extents, dialect)

    def _read_lines(self, results: list[FileResult], dialect: Dialect) -> None:
        """Create the table `lines`: file, line. One text column first: DuckDB's JSON reader does not tell which line a
        bad record stood in."""
        compression = {".gz": "gzip", ".zst": "zstd"}.get(results[0].landed.path.suffix.lower(), "none")
        try:
            # The mark between columns is one that no JSON holds: control characters are escaped there.
            self.connection.execute(
                f"""
                create or replace temp table lines as
                select file_index::INTEGER as file, line
                from read_csv({_file_list(result.landed.path for result in results)}, columns = {{'line': 'VARCHAR'}},
                    auto_detect = false, header = false, delim = '{chr(1) * 4}', quote = '', escape = '',
                    hive_partitioning = false, compression = {literal(compression)})
                """
            )
        except duckdb.Error:
            if len(results) > 1:
                raise
            # A line too long for the bulk way, or CR in the midst of one.
            self.connection.register("pieces", self._lines_of(results[0], dialect))
            try:
                self.connection.execute(
                    "create or replace temp table lines as select 0::INTEGER as file, line from pieces"
                )
            finally:
                self.connection.unregister("pieces")

    def _lines_of(self, result: FileResult, dialect: Dialect) -> pa.RecordBatchReader:
        """The file's lines as a stream of Arrow, which ends where the file is refused."""
        schema = pa.schema([("line", pa.string())])

        def batches() -> Iterator[pa.RecordBatch]:
            try:
                for piece in _json_lines(decoded(result.landed.path, dialect, self.limits)):
                    yield pa.record_batch([pa.array(piece, pa.string())], schema)
            except FileRefusedError as error:
                result.refusal = str(error)

        return pa.RecordBatchReader.from_batches(schema, batches())

    def _refuse_cut_off(self, results: list[FileResult], extents: Mapping[int, Extent]) -> None:
        """Refuse plain files whose last line breaks off; a packed one has proved whole."""
        rows = self.connection.execute(
            """
            select last_lines.file, json_valid(coalesce(line, '{}'))
            from (select file, max(rowid) as last_line from lines group by file) as last_lines
            join lines on lines.rowid = last_lines.last_line
            """
        ).fetchall()
        for position, is_last_whole in rows:
            result = results[position]
            if not (is_last_whole or extents[result.number].ends_with_newline or is_packed(result.landed.path)):
                result.refusal = "is cut off in its last line; deliver it again"

    def _type_json(self, results: list[FileResult], dialect: Dialect) -> None:
        unknown = self._unknown_keys(results)
        sql = self._create_json(dialect, unknown)
        self._keep_all_but([position for position, result in enumerate(results) if result.refusal is not None])
        self._number_lines(dict.fromkeys(range(len(results)), 1), "0")
        good = {position for position, result in enumerate(results) if result.refusal is None}
        self._finish(results, good, sql)
        self.connection.execute("drop table lines")

    def _unknown_keys(self, results: list[FileResult]) -> set[int]:
        """Note keys no column is promised under; returns the files that hold some."""
        known = ", ".join(literal(column.header) for column in self.contract.columns)
        unknown = set()
        for file, keys, count in self.connection.execute(
            f"""
            select file, list(left(key, {NOTED_CHARACTERS}) order by key)[:{NOTED_KEYS}], count(*)
            from (
                select distinct file, unnest(keys) as key
                from (select distinct file, try(json_keys(line)) as keys from lines)
            )
            where key not in ({known})
            group by file order by file
            """
        ).fetchall():
            unknown.add(file)
            results[file].notes += [(key, "is not in the contract; kept in _extra") for key in keys]
            if count > NOTED_KEYS:
                results[file].notes.append(
                    ("...", f"stands for {count - NOTED_KEYS:,} more that are not in the contract; kept in _extra")
                )
        return unknown

    def _create_json(self, dialect: Dialect, with_extra: set[int]) -> list[ColumnSql]:
        wanted: dict[str, object] = {}
        delivered = {}
        for column in self.contract.columns:
            wanted[column.header] = structure(column.type, leaves="VARCHAR") if column.is_nested else "VARCHAR"
            sql = f"object.{quoted(column.header)}"
            if column.is_nested:
                delivered[column.name] = Delivered(
                    sql, "json", container=_wrong_container(column), json=f"json_extract(_text, {_json_path(column)})"
                )
            else:
                delivered[column.name] = Delivered(sql, "text")
        extra = "null::VARCHAR"
        if with_extra:
            among = ", ".join(str(file) for file in sorted(with_extra))
            extra = f"case when file in ({among}) then nullif({_rest_of_object(self.contract)}, '{{}}') end"
        source = f"(select file, line, try(json_transform(line, {literal(json.dumps(wanted))})) as object from lines)"
        blank = is_blank("line")
        return self._create(
            source,
            delivered,
            dialect,
            file="file",
            line="null::BIGINT",
            extra=extra,
            skip=blank,
            broken=f"case when object is null and not ({blank}) then 'is not a JSON object' end",
            text="line",
        )

    # --- Parquet and XLSX --------------------------------------------------------------------------------------------

    def _load_parquet(self, results: list[FileResult], dialect: Dialect) -> None:
        groups: dict[str, list[FileResult]] = {}
        for result in results:
            try:
                held = pq.read_metadata(result.landed.path)
                schema = held.schema.to_arrow_schema()
            # A column's name may be no UTF-8, which is a ValueError.
            except (pa.ArrowException, OSError, ValueError) as error:
                result.refusal = f"is no whole Parquet file ({sentence(error)}); deliver it again"
                continue
            if held.num_rows > self.limits.max_file_rows:
                result.refusal = str(too_many_rows("rows", self.limits))
            elif self._has_columns(result, schema.names) and self._is_small_enough(result, held, schema):
                groups.setdefault(schema.remove_metadata().to_string(), []).append(result)
        for group in groups.values():
            self._read_parquet(group, dialect)

    def _is_small_enough(self, result: FileResult, held: pq.FileMetaData, schema: pa.Schema) -> bool:
        """Refuse a file whose values, each of which Parquet may store once for a million rows, add up to too much."""
        whole = held.num_rows * 8 * len(schema)
        long = [quoted(field.name) for field in schema if not pa.types.is_primitive(field.type)]
        if long and whole <= self.limits.max_file_bytes:
            sizes = " + ".join(f"coalesce(sum(strlen(cast({name} as VARCHAR))), 0)" for name in long)
            source = f"read_parquet({_file_list([result.landed.path])}, hive_partitioning = false)"
            try:
                whole += int(self.connection.execute(f"select {sizes} from {source}").fetchall()[0][0])
            except duckdb.Error as error:
                result.refusal = str(unreadable(error))
                return False
        if whole > self.limits.max_file_bytes:
            result.refusal = str(too_large(self.limits))
            return False
        return True

    def _read_parquet(self, results: list[FileResult], dialect: Dialect) -> None:
        source = f"read_parquet({_file_list(result.landed.path for result in results)}, hive_partitioning = false)"
        try:
            described = self.connection.execute(f"describe select * from {source}").fetchall()
            sql = self._create_typed(
                source,
                [(name, type_) for name, type_, *_ in described],
                dialect,
                file="file_index::INTEGER",
                line="file_row_number + 1",
            )
            self._number_lines({}, "0")
        except duckdb.Error as error:
            if len(results) == 1:
                results[0].refusal = str(unreadable(error))
                return
            half = len(results) // 2
            self._read_parquet(results[:half], dialect)
            self._read_parquet(results[half:], dialect)
            return
        self._finish(results, set(range(len(results))), sql)

    def _create_typed(
        self, source: str, described: list[tuple[str, str]], dialect: Dialect, *, file: str, line: str
    ) -> list[ColumnSql]:
        known = {_folded(column.header): column for column in self.contract.columns}
        delivered, extra = {}, []
        for name, type_ in described:
            column = known.get(_folded(name))
            if column is None:
                extra.append(name)
            elif type_ == "VARCHAR":
                delivered[column.name] = Delivered(quoted(name), "text")
            else:
                delivered[column.name] = Delivered(quoted(name), "typed", source_type=type_)
        pairs = ", ".join(f"{literal(name)}, {quoted(name)}" for name in extra)
        extra_json = f"cast(json_object({pairs}) as VARCHAR)" if extra else "null::VARCHAR"
        return self._create(source, delivered, dialect, file=file, line=line, extra=extra_json)

    def _load_xlsx(self, results: list[FileResult], dialect: Dialect) -> None:
        groups: dict[tuple[str, ...], list[tuple[FileResult, pa.Table]]] = {}
        for result in results:
            rows = self._sheet(result, dialect)
            if rows is not None and self._has_columns(result, header := tuple(str(name).strip() for name in rows[0])):
                groups.setdefault(header, []).append((result, self._cells(header, rows[1:], dialect)))
        for header, read in groups.items():
            names = [f"c{position}" for position in range(len(header))]
            sheets = pa.concat_tables(
                [
                    table.append_column("file", pa.array([position] * len(table), pa.int32()))
                    for position, (_, table) in enumerate(read)
                ]
            )
            self.connection.register("sheets", sheets)
            is_empty = f"coalesce({', '.join(names)}) is null"
            sql = self._create_csv("sheets", header, names, dialect, line="line", file="file", skip=is_empty)
            self._number_lines({}, "0")
            self._finish([result for result, _ in read], set(range(len(read))), sql)
            self.connection.unregister("sheets")

    def _sheet(self, result: FileResult, dialect: Dialect) -> list[list[Any]] | None:
        """The sheet's rows from the header on, as Python values. DuckDB's own reader needs another extension."""
        try:
            check_workbook(result.landed.path, self.limits)
            book = CalamineWorkbook.from_path(str(result.landed.path))
            if dialect.sheet is not None and dialect.sheet not in book.sheet_names:
                result.refusal = f"has no sheet '{dialect.sheet}', only {', '.join(book.sheet_names)}; rename the sheet"
                return None
            sheet = book.get_sheet_by_name(dialect.sheet or book.sheet_names[0])
            rows: list[list[Any]] = sheet.to_python(skip_empty_area=False)
        except FileRefusedError as error:
            result.refusal = str(error)
            return None
        except BaseException as error:
            # The reader is written in Rust, whose panics are no Exception.
            if not isinstance(error, CalamineError | OSError) and type(error).__name__ != "PanicException":
                raise
            result.refusal = f"is no readable workbook ({sentence(error)}); deliver it again"
            return None
        if len(rows) <= dialect.skip_lines:
            result.refusal = (
                f"ends before its header, which the contract expects in row {dialect.skip_lines + 1}; deliver it again"
            )
            return None
        return rows[dialect.skip_lines :]

    def _cells(self, header: Sequence[str], rows: list[list[Any]], dialect: Dialect) -> pa.Table:
        """Cells as text, dates in the column's own format, with the row number of the sheet."""
        known = {_folded(column.header): column for column in self.contract.columns}
        columns: dict[str, pa.Array] = {}
        for position, name in enumerate(header):
            as_text = _cell_writer(known.get(_folded(name)))
            columns[f"c{position}"] = pa.array([as_text(row[position]) for row in rows], pa.string())
        first = dialect.skip_lines + 2
        columns["line"] = pa.array(range(first, first + len(rows)), pa.int64())
        return pa.table(columns)

    # --- What all formats share ------------------------------------------------------------------------------------

    def _create(
        self,
        source: str,
        delivered: dict[str, Delivered],
        dialect: Dialect,
        *,
        file: str,
        line: str,
        extra: str,
        skip: str = "false",
        line_breaks: str = "0",
        broken: str = "null::VARCHAR",
        text: str = "null::VARCHAR",
    ) -> list[ColumnSql]:
        """Create the table `batch`: file, typed values `v_<column>`, and what is wrong with a row (`_column`
        null: nothing).

        `text` is the record as delivered; without it, the quarantine keeps the delivered values as JSON.
        """
        sql = column_sql(self.contract, delivered, dialect)
        present = [item for item in sql if item.delivered.kind != "absent"]
        raw = ", ".join(f"{item.delivered.sql} as {item.raw}" for item in present)
        typed = ", ".join(f"{item.typed} as {item.value}" for item in sql)
        values = ", ".join(item.value for item in sql)
        record = "_text" if text != "null::VARCHAR" else _record(present)
        shown = " ".join(f"when {literal(item.column.name)} then left({item.shown}, 200)" for item in present)
        hidden = [item.raw for item in present if item.delivered.kind == "text" and not item.column.is_text]
        hidden_breaks = f"case when _column is null then 0 else {_line_breaks(hidden)} end" if hidden else "0"
        self.connection.execute(
            f"""
            create or replace temp table batch as
            select file, _line, _skip, _extra, {values}, _column,
                case when _column is not null then case _column {shown} else left(_text, 200) end end as _value,
                case when _column is not null then coalesce(_broken, {all_reasons(sql)}) end as _reason,
                case when _column is not null then {record} end as _record,
                cast(_line_breaks + {hidden_breaks} as BIGINT) as _line_breaks
            from (
                select *,
                    case when _skip then null when _broken is not null then '' else {first_broken(sql)} end as _column
                from (
                    select *, {typed}
                    from (
                        select {file} as file, {line} as _line, {skip} as _skip, {extra} as _extra, {broken} as _broken,
                            {text} as _text, {line_breaks} as _line_breaks, {raw}
                        from {source}
                    )
                )
            )
            """
        )
        return sql

    def _keep_all_but(self, files: Iterable[int]) -> None:
        if among := ", ".join(str(file) for file in files):
            self.connection.execute(f"delete from batch where file in ({among})")

    def _number_lines(self, first_lines: dict[int, int], breaks: str) -> None:
        """Find every record's line: `_line` where the reader knew it, else counted from its file's first line.

        `breaks` is SQL for the line breaks inside a record. Counting is done over the whole batch at once, in the order
        of its row ids: a record's line is its file's first, plus the records before it, plus the breaks inside those.
        Creates the view `numbered`: `batch` with `row_number` and `line`. Raises RuntimeError when the batch is not in
        the files' order, which would put every line in doubt.
        """
        counted = self.connection.execute(
            f"select rowid as row_number, file, _line, cast({breaks} as BIGINT) as breaks from batch order by rowid"
        ).to_arrow_table()
        files = counted["file"].to_numpy()
        if (files[1:] < files[:-1]).any():
            raise RuntimeError(
                f"{self.contract.id}: DuckDB {duckdb.__version__} did not keep the order of the files read"
            )
        lengths = counted["breaks"].to_numpy() + 1
        before = np.cumsum(lengths) - lengths
        starts = np.flatnonzero(np.diff(files, prepend=-1))
        rows_per_file = np.diff(np.append(starts, len(files)))
        offsets = np.array([first_lines.get(int(file), 0) for file in files[starts]], dtype=np.int64) - before[starts]
        lines = pc.coalesce(counted["_line"], pa.array(before + np.repeat(offsets, rows_per_file), pa.int64()))
        self._rows, self._lines = counted["row_number"].to_numpy(), lines.to_numpy()
        self.connection.register("positions", pa.table({"row_number": counted["row_number"], "line": lines}))
        self.connection.execute("create or replace temp table lines_of_rows as select * from positions")
        self.connection.unregister("positions")
        self.connection.execute(
            """
            create or replace temp view numbered as
            select batch.*, row_number, line from batch join lines_of_rows on batch.rowid = lines_of_rows.row_number
            """
        )

    def _finish(self, results: list[FileResult], good: set[int], sql: list[ColumnSql]) -> None:
        """Set rows aside, count, and write what passed; `results` by their number in the batch, `good` those in it."""
        good = good - self._refuse_mostly_broken(results)
        has_repeats = self._find_repeats(sql)
        self._set_aside(results, has_repeats)
        for file, read, bad in self.connection.execute(
            "select file, count(*) filter (not _skip), count(_column) from batch group by file"
        ).fetchall():
            result = results[file]
            result.rows_read += read
            result.rows_quarantined += bad
            result.rows_loaded += read - bad
        if has_repeats:
            for file, repeats, conflicts in self.connection.execute(
                """
                select file, count(*) filter (outcome = 'deduplicated'), count(*) filter (outcome <> 'deduplicated')
                from repeats group by file
                """
            ).fetchall():
                result = results[file]
                result.rows_deduplicated += repeats
                result.rows_quarantined += conflicts
                result.rows_loaded -= repeats + conflicts
        self._stage(results, good, sql, has_repeats)

    def _refuse_mostly_broken(self, results: list[FileResult]) -> set[int]:
        """Refuse files with more broken rows than anybody would look at; returns them."""
        most = self.limits.max_quarantined_rows
        found = self.connection.execute(
            f"select file, count(_column) from batch group by file having count(_column) > {most}"
        ).fetchall()
        for file, broken in found:
            line, reason = self.connection.execute(
                f"select line, left(_reason, 300) from numbered where file = {file} and _column is not null "
                "order by line limit 1"
            ).fetchall()[0]
            results[file].refusal = (
                f"has {broken:,} rows that break the contract, more than {most:,}, the first in line {line} "
                f"({reason}); export it again as the contract says, mend the contract, or raise "
                "ingestion.max_quarantined_rows"
            )
        refused = {file for file, _ in found}
        self._keep_all_but(refused)
        return refused

    def _find_repeats(self, sql: list[ColumnSql]) -> bool:
        """Create the table `repeats` when a file holds a key twice: an exact repeat is dropped, another row
        contradicts.
        """
        key = [quoted(f"v_{column.name}") for column in self.contract.key]
        if not key:
            return False
        keys = ", ".join(["file", *key])
        self.connection.execute(
            f"""
            create or replace temp table twice as
            select {keys} from batch where not _skip and _column is null group by {keys} having count(*) > 1
            """
        )
        if self.connection.execute("select count(*) from twice").fetchall() == [(0,)]:
            return False
        values = ", ".join([*(f"{item.value} := {item.value}" for item in sql), "_extra := _extra"])
        shown = " || ', ' || ".join(f"cast({name} as VARCHAR)" for name in key)
        self.connection.execute(
            f"""
            create or replace temp table repeats as
            with candidates as (
                select {keys}, line, row_number, struct_pack({values}) as content, {shown} as shown_key
                from numbered join twice using ({keys})
                where not _skip and _column is null
            ),
            compared as (
                select *, first_value(line) over by_key as first_line, first_value(content) over by_key as first_content
                from candidates
                window by_key as (partition by {keys} order by line)
            )
            select file, line, row_number, shown_key, first_line,
                case when content is not distinct from first_content
                    then 'deduplicated' else 'row_quarantined' end as outcome,
                cast(to_json(content) as VARCHAR) as record
            from compared where line <> first_line
            """
        )
        return True

    def _set_aside(self, results: list[FileResult], has_repeats: bool) -> None:
        parts = [
            """
            select file, line, nullif(_column, '') as column_name, _value as value, _reason as reason,
                'row_quarantined' as outcome, _record as record
            from numbered where _column is not null
            """
        ]
        if has_repeats:
            names = literal(", ".join(column.name for column in self.contract.key))
            parts.append(
                f"""
                select file, line, {names}, left(shown_key, 200),
                    case when outcome = 'deduplicated' then 'repeats line ' || first_line || ' exactly'
                    else 'has the key of line ' || first_line || ' with other values' end,
                    outcome, record
                from repeats
                """
            )
        table = self.connection.execute(" union all ".join(parts) + " order by file, line").to_arrow_table()
        if len(table):
            files = pa.array([result.landed.file for result in results], pa.string())
            named = table.set_column(0, "file", files.take(table["file"].combine_chunks()))
            self._entries.append(named.cast(ROW_ENTRIES))

    def _stage(self, results: list[FileResult], good: set[int], sql: list[ColumnSql], has_repeats: bool) -> None:
        """Write the rows that passed, one folder per file, in delivered order.

        The batch is fetched once and cut by file: DuckDB's `PARTITION_BY` takes as long and leaves rows in an order
        that differs from run to run; a `COPY` per file takes twice as long.
        """
        loaded = [file for file in sorted(good) if results[file].rows_loaded]
        if not loaded:
            return
        values = ", ".join(f"{item.value} as {quoted(item.column.name)}" for item in sql)
        repeats = "and rowid not in (select row_number from repeats)" if has_repeats else ""
        table = self.connection.execute(
            f"select {values}, _extra, rowid as row_number from batch where not _skip and _column is null {repeats}"
        ).to_arrow_table()
        table = self._with_lines(table)

        def write(item: tuple[FileResult, int]) -> None:
            result, offset = item
            folder = self.staging / f"file_number={result.number}"
            folder.mkdir(parents=True)
            _write_part(table.slice(offset, result.rows_loaded), result.landed, folder / "part.parquet")
            result.staged = folder

        offsets = itertools.accumulate((results[file].rows_loaded for file in loaded), initial=0)
        with ThreadPoolExecutor(max_workers=self.threads) as pool:
            list(pool.map(write, [(results[file], offset) for file, offset in zip(loaded, offsets, strict=False)]))

    def _with_lines(self, table: pa.Table) -> pa.Table:
        """The rows in delivered order, with `_line` in the place of `row_number`."""
        rows = table["row_number"].to_numpy()
        if (rows[1:] < rows[:-1]).any():  # an anti-join does not keep the order
            table = table.sort_by("row_number")
            rows = table["row_number"].to_numpy()
        lines = pa.array(self._lines[np.searchsorted(self._rows, rows)], pa.int64())
        return table.drop_columns(["row_number"]).append_column("_line", lines)

    def discard(self) -> None:
        """Remove what was staged and not taken."""
        shutil.rmtree(self.staging, ignore_errors=True)


def _json_path(column: Column) -> str:
    return literal(f'$."{column.header}"')


def _wrong_container(column: Column) -> str:
    """SQL: where the contract wants an object or array, the JSON holds something else.

    Only rows without any value there are looked at again: `json_transform` reads a text as an object of nulls.
    """
    raw = quoted(f"d_{column.name}")
    is_list = column.type.endswith("[]")
    nothing = [] if is_list else [f"{raw}.{quoted(name)} is null" for name, _ in struct_fields(column.type)]
    return (
        f"case when _broken is null and _text is not null and ({raw} is null{' or ' if nothing else ''}"
        f"{' and '.join(nothing)}) then coalesce(json_type(_text, {_json_path(column)}) not in "
        f"('NULL', '{'ARRAY' if is_list else 'OBJECT'}'), false) else false end"
    )


def _batches(results: list[FileResult]) -> list[list[FileResult]]:
    batches: list[list[FileResult]] = []
    size = 0
    for result in results:
        weight = result.landed.size * (PACKED_FACTOR if result.landed.path.suffix in (".gz", ".zst", ".parquet") else 1)
        if not batches or size + weight > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(result)
        size += weight
    return batches


def _portions(items: Iterable[Item], extent: Callable[[Item], Extent], limits: Ingestion) -> list[list[Item]]:
    """Text files that are read together, by what they hold unpacked."""
    portions: list[list[Item]] = []
    size = lines = 0
    for item in items:
        held = extent(item)
        if not portions or size + held.size > 2 * BATCH_BYTES or lines + held.lines > limits.max_file_rows:
            portions.append([])
            size = lines = 0
        portions[-1].append(item)
        size, lines = size + held.size, lines + held.lines
    return portions


def _file_list(paths: Iterable[Path]) -> str:
    """Files as SQL."""
    return "[" + ", ".join(literal(exactly(path)) for path in paths) + "]"


def _json_lines(pieces: Iterable[str]) -> Iterator[list[str]]:
    """The lines of JSON Lines, without their ends, some at a time. A CR in the midst of one is a blank of its JSON."""
    rest = ""
    for piece in pieces:
        *lines, rest = (rest + piece).split("\n")
        yield [line.removesuffix("\r") for line in lines]
    if rest:
        yield [rest]


def _rest_of_object(contract: Contract) -> str:
    """SQL: the keys of the object `line` that no column is promised under. Not by `json_merge_patch`, which a deeply
    nested value ends the process of."""
    known = ", ".join(literal(column.header) for column in contract.columns)
    pointer = "'/' || replace(replace(key, '~', '~0'), '/', '~1')"
    pair = f"cast(to_json(key) as VARCHAR) || ':' || cast(json_extract(line, {pointer}) as VARCHAR)"
    keys = f"list_filter(json_keys(line), lambda key: not contains([{known}], key))"
    pairs = f"list_transform({keys}, lambda key: {pair})"
    return f"try(case when json_type(line) = 'OBJECT' then '{{' || array_to_string({pairs}, ',') || '}}' end)"


def _folded(name: str) -> str:
    return name.strip().casefold()


def _line_breaks(names: Sequence[str]) -> str:
    if not names:
        return "0"
    text = f"concat_ws('', {', '.join(names)})"
    return f"(strlen({text}) - strlen(replace({text}, chr(10), '')))"


def _record(present: list[ColumnSql]) -> str:
    pairs = ", ".join(f"{literal(item.column.header)}, {item.raw}" for item in present)
    return f"cast(json_object({pairs}) as VARCHAR)"


def _write_part(rows: pa.Table, landed: LandedFile, path: Path) -> None:
    """One delivery's rows with where they come from, in the order of `lake.META_COLUMNS`."""

    def constant(value: object, type_: pa.DataType) -> pa.Array:
        return pa.repeat(pa.scalar(value, type_), len(rows))

    line, extra = rows["_line"], rows["_extra"]
    part = rows.drop_columns(["_line", "_extra"])
    part = part.append_column("_file", constant(landed.file, pa.string()))
    part = part.append_column("_line", line)
    part = part.append_column("_arrival_date", constant(landed.arrival, pa.date32()))
    part = part.append_column("_delivery_kind", constant(landed.delivery and landed.delivery.kind, pa.string()))
    pq.write_table(part.append_column("_extra", extra), path, compression="snappy")


def _cell_writer(column: Column | None) -> Callable[[Any], str | None]:
    """A spreadsheet's cell as the text a CSV of this contract would hold."""
    pattern = column.format if column is not None else None
    strftime = date_format(pattern).formats[0] if pattern else None

    def write(cell: Any) -> str | None:
        if cell is None or cell == "":
            return None
        if isinstance(cell, bool):
            return "true" if cell else "false"
        if isinstance(cell, dt.datetime | dt.date):
            if strftime is not None:
                return cell.strftime(strftime)
            return cell.isoformat(" ") if isinstance(cell, dt.datetime) else cell.isoformat()
        if isinstance(cell, float) and cell.is_integer():
            return str(int(cell))
        return str(cell)

    return write
