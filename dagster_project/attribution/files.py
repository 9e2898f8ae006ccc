"""Paths out of a file, CSV as people or spreadsheets write it or Parquet, with the line of every row."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from dagster_project.attribution.paths import COLUMNS, DAYS, AttributionError, check_columns

_SEPARATORS = (",", ";", "\t")
_TEXT = (".csv", ".tsv", ".txt")


def read_paths(file: Path) -> pd.DataFrame:
    """The table of `Journeys` in a file, one row per row of the file, whose index says its line (CSV) or its
    row (Parquet, the first is 1), and whose name the file, so that errors do.

    CSV is UTF-8 or Windows-1252, with a header in any order and case, separated by comma, semicolon or tab; where it is
    not the comma, numbers may have one. Raises AttributionError naming file and line when it
    cannot be read or a column is missing.
    """
    if not file.is_file():
        raise AttributionError(f"there is no file {file}")
    ending = file.suffix.lower()
    if ending not in (*_TEXT, ".parquet"):
        raise AttributionError(f"{file}: paths are read from {', '.join(_TEXT)} and .parquet, by the file's ending")
    table = _parquet(file) if ending == ".parquet" else _csv(file)
    if not table.num_rows:
        raise AttributionError(f"{file}: there are no paths in it; give one row per path: {', '.join(COLUMNS)}")
    try:
        check_columns(table.column_names)
    except AttributionError as error:
        raise AttributionError(f"{file}: {error}") from error
    frame: pd.DataFrame = table.to_pandas(types_mapper=pd.ArrowDtype)
    unit, first = ("row", 1) if ending == ".parquet" else ("line", 2)
    frame.index = pd.RangeIndex(first, len(frame) + first, name=f"{file} {unit}")
    return frame


def _parquet(file: Path) -> pa.Table:
    try:
        return pq.read_table(file, columns=[name for name in pq.read_schema(file).names if name in (*COLUMNS, DAYS)])
    except pa.ArrowInvalid as error:
        raise AttributionError(f"{file}: not a Parquet file: {error}") from error


def _csv(file: Path) -> pa.Table:
    content = file.read_bytes().rstrip(b"\r\n")
    try:
        header, encoding = content.partition(b"\n")[0].decode("utf-8-sig"), "utf8"
        content.decode("utf-8")
    except UnicodeDecodeError:
        header, encoding = content.partition(b"\n")[0].decode("cp1252", errors="replace"), "cp1252"
    separator = max(_SEPARATORS, key=header.count)
    names = [name.strip().strip('"').strip().lower() for name in header.split(separator)]
    if twice := [name for name in names if names.count(name) > 1]:
        raise AttributionError(f"{file}: line 1: column '{twice[0]}' stands twice; name each column once")

    refused: list[pyarrow.csv.InvalidRow] = []

    def refuse(row: pyarrow.csv.InvalidRow) -> str:
        refused.append(row)
        return "error"

    if b"\n" not in content:
        return pa.table({name: pa.array([], pa.large_string()) for name in names})
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(content),
            pyarrow.csv.ReadOptions(encoding=encoding, use_threads=False, column_names=names, skip_rows=1),
            pyarrow.csv.ParseOptions(delimiter=separator, ignore_empty_lines=False, invalid_row_handler=refuse),
            pyarrow.csv.ConvertOptions(column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        if not refused:
            raise AttributionError(f"{file}: not a table of paths: {error}") from error
        raise AttributionError(
            f"{file}: line {refused[0].number}: {refused[0].actual_columns} cells, but {len(names)} columns, in "
            f"'{refused[0].text}'; put a value that holds '{separator}' in double quotes"
        ) from error
    if separator != ",":
        for column in set(table.column_names) & {*COLUMNS, DAYS} - {"path"}:
            numbers = pc.replace_substring(table[column], ",", ".")
            table = table.set_column(table.column_names.index(column), column, numbers)
    return table
