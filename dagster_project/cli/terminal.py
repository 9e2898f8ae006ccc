"""What every verb says and opens in the same way: sentences with an exit code, tables, the home."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dagster_project.settings import ENGINES, Home, Settings, home, load_settings

if TYPE_CHECKING:
    import pyarrow as pa

T = TypeVar("T")

EXIT_CODES = """\
Exit codes: 0 published (also with warnings) or nothing new, 1 wrong settings or nothing found, 2 wrong use, 3 data
rejected, 4 gate failed, 5 crashed (run again: it repairs itself), 6 busy (another run is at work), 7 published, but
PostgreSQL does not serve it yet, 130 interrupted."""


out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def fail(message: str, code: int) -> NoReturn:
    """Say what is wrong and how to mend it, on standard error, and leave with this exit code."""
    err.print(f"[bold red]omnivue:[/] {escape(message)}", soft_wrap=True)
    sys.exit(code)


def open_home(engine: str | None = None) -> tuple[Home, Settings]:
    """The home and its settings; `engine` wins over theirs."""
    place = home()
    settings = load_settings(place.settings_file)
    if engine is None:
        return place, settings
    if engine not in ENGINES:
        fail(f"--engine {engine}: choose {' or '.join(ENGINES)}", 2)
    return place, settings.model_copy(update={"engine": engine})


def counted(counts: Mapping[str, int]) -> str:
    return "  ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())


def folding_table(*columns: str, show_header: bool = True) -> Table:
    """A table that folds what is too long for the terminal rather than cut it off."""
    table = Table(*columns, box=None, show_header=show_header)
    for column in table.columns:
        column.overflow = "fold"
    return table


def print_csv(table: pa.Table) -> None:
    """The table on standard output, for a spreadsheet: a formula gets an apostrophe."""
    import pyarrow.csv

    from dagster_project.spreadsheets import as_text

    pyarrow.csv.write_csv(as_text(table), sys.stdout.buffer)
