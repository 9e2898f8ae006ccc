"""How fast ingestion is beside DuckDB alone: `python -m benchmarks.ingestion [--landing DIR] [--extract NAME ...]`.

Paired in one run, on the same files with the same number of threads, rows per second of

- plain: `COPY (SELECT * FROM read_csv([...])) TO one.parquet` as a person would write it, DuckDB finding the types
- given: the same with the columns given as text and nothing to find out, the fastest DuckDB can copy such files
- ours: the whole ingestion: hashes, contract, types, line numbers, quarantine, a Parquet file per delivery, ledger

Both baselines get the dialect they need, and `ignore_errors`, without which dirt stops them; it costs them rows.
XLSX has no counterpart, and Parquet none that is given. Shares are ours / baseline.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.ingestion import find_contracts, ingest
from dagster_project.ingestion.expressions import literal
from dagster_project.ingestion.inventory import list_files
from dagster_project.settings import Home, load_settings
from dagster_project.simulator import simulate
from dagster_project.warehouse.duckdb_session import load_encodings, session
from data_quality.contract import Contract, Dialect

HEADINGS = (("plain", 12), ("given", 12), ("ours", 12), ("/plain", 8), ("/given", 8))


@dataclass
class Speed:
    """Rows and seconds; adds up."""

    rows: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.rows / self.seconds:12,.0f}" if self.rows else " " * 12

    def add(self, other: Speed) -> None:
        self.rows += other.rows
        self.seconds += other.seconds

    def share_of(self, other: Speed) -> str:
        return f"{self.rows / self.seconds / (other.rows / other.seconds):8.0%}" if other.rows else " " * 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--landing", type=Path, help="landing folder; default: a simulated retailer, thrown away")
    parser.add_argument("--customers", type=int, default=10_000, help="size of the simulated retailer")
    parser.add_argument("--extract", action="append", help="only this extract; may be repeated")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        landing = arguments.landing
        if landing is None:
            landing = Path(scratch) / "retailer" / "landing"
            simulate(arguments.customers, 24, 1, landing)
        run(landing.resolve(), arguments.extract, arguments.threads, Path(scratch))


def run(landing: Path, extracts: list[str] | None, threads: int, scratch: Path) -> None:
    home = Home(scratch / "home").create()
    shutil.rmtree(home.landing)
    home.landing.symlink_to(landing)
    shipped = load_settings()
    settings = shipped.model_copy(update={"ingestion": shipped.ingestion.model_copy(update={"threads": threads})})
    contracts = find_contracts(home, settings)
    heads = "".join(f"{head:>{width}}" for head, width in HEADINGS)
    say(f"{'rows per second':22}{'files':>6}{'rows':>10}{heads}")
    totals = {"plain": Speed(), "given": Speed(), "ours": Speed()}
    for name in extracts or list(contracts):
        contract = contracts[name]
        files = [path for _, path in list_files(contract, landing)]
        if not files:
            continue
        dialect = contract.dialect(files[0].name)
        plain = copy(plain_source(dialect, files), dialect, threads, scratch)
        given = copy(given_source(contract, dialect, files), dialect, threads, scratch)
        report = ingest(home, settings, contracts, today=dt.date(9998, 12, 31), extracts=[name]).extracts[0]
        ours = Speed(report.rows_read, report.seconds)
        say(
            f"{name:22}{len(files):6}{report.rows_read:10}{plain}{given}{ours}"
            f"{ours.share_of(plain)}{ours.share_of(given)}"
        )
        if plain.rows and given.rows:
            for total, speed in zip(totals.values(), (plain, given, ours), strict=True):
                total.add(speed)
    plain, given, ours = totals.values()
    say(f"{'all comparable':28}{ours.rows:10}{plain}{given}{ours}{ours.share_of(plain)}{ours.share_of(given)}")


def plain_source(dialect: Dialect, files: list[Path]) -> str | None:
    names = f"[{', '.join(literal(path.as_posix()) for path in files)}]"
    if dialect.format == "parquet":
        return f"read_parquet({names}, filename = true, union_by_name = true)"
    if dialect.format == "json":
        options = "format = 'newline_delimited', filename = true, ignore_errors = true, union_by_name = true"
        return f"read_json({names}, {options})"
    if dialect.format == "csv":
        return (
            f"read_csv({names}, filename = true, header = true, {marks(dialect)}, "
            f"decimal_separator = {literal(dialect.decimal_separator)}, union_by_name = true)"
        )
    return None


def given_source(contract: Contract, dialect: Dialect, files: list[Path]) -> str | None:
    names = f"[{', '.join(literal(path.as_posix()) for path in files)}]"
    if dialect.format == "json":
        columns = ", ".join(
            f"{literal(column.header)}: {literal(json_type(column.type))}" for column in contract.columns
        )
        options = "format = 'newline_delimited', filename = true, ignore_errors = true"
        return f"read_json({names}, columns = {{{columns}}}, {options})"
    if dialect.format == "csv":
        columns = ", ".join(f"{literal(column.header)}: 'VARCHAR'" for column in contract.columns)
        options = f"columns = {{{columns}}}, auto_detect = false, header = true, filename = true"
        return f"read_csv({names}, {options}, {marks(dialect)})"
    return None


def json_type(type_: str) -> str:
    return type_ if "(" in type_ and not type_.startswith("DECIMAL") else "VARCHAR"


def marks(dialect: Dialect) -> str:
    encoding = {"cp1252": "CP1252", "utf-16": "utf-16"}.get(dialect.encoding, "utf-8")
    return (
        f"skip = {dialect.skip_lines}, delim = {literal(dialect.delimiter)}, quote = '\"', "
        f"encoding = {literal(encoding)}, ignore_errors = true"
    )


def copy(source: str | None, dialect: Dialect, threads: int, scratch: Path) -> Speed:
    """Copy the source to one Parquet file. Nothing when there is no such source, or DuckDB gives up on it."""
    if source is None:
        return Speed()
    with session(threads=threads) as connection:
        started = time.perf_counter()
        if dialect.encoding == "cp1252":
            load_encodings(connection)
        try:
            rows = connection.execute(
                f"copy (select * from {source}) to {literal((scratch / 'plain.parquet').as_posix())} (format parquet)"
            ).fetchall()[0][0]
        except duckdb.Error as error:
            say(f"DuckDB alone gives up: {str(error).splitlines()[0][:100]}")
            return Speed()
        return Speed(int(rows), time.perf_counter() - started)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
