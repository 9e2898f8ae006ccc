"""`omnivue quarantine`: rows and files that broke their contract."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

import typer
from rich.markup import escape

from dagster_project.cli.terminal import fail, open_home, out, print_csv
from dagster_project.settings import Home, Settings

group = typer.Typer(no_args_is_help=True, help="Rows and files that broke their contract.")


# What may become of a row or file that is not loaded as it came, and what many of them are called.
OUTCOMES = {
    "row_quarantined": "rows quarantined",
    "file_rejected": "files rejected",
    "deduplicated": "deduplicated",
    "replaced": "replaced",
    "kept_reported": "kept, but reported",
}


@group.command("list")
def quarantine_list(
    extract: Annotated[str | None, typer.Option(help="Only this extract.")] = None,
    outcome: Annotated[str | None, typer.Option(help="Only this outcome, for example row_quarantined.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows to show.")] = 50,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print every row as CSV, whatever the limit; a formula gets an apostrophe.")
    ] = False,
) -> None:
    """Show what was refused or set right: file, line, column, value, reason. It may hold personal data."""
    import pyarrow.compute as pc

    from dagster_project.ingestion import read_deliveries, read_quarantine, shown

    place, settings = open_home()
    check_extract(place, settings, extract)
    if outcome is not None and outcome not in OUTCOMES:
        fail(f"there is no outcome '{outcome}'; there are {', '.join(OUTCOMES)}", 1)
    rows = read_quarantine(place)
    for column, wanted in (("extract", extract), ("outcome", outcome)):
        if wanted is not None:
            rows = rows.filter(pc.equal(rows[column], wanted))
    if as_csv:
        print_csv(rows)
        return
    for row in rows.slice(0, limit).to_pylist():
        where = row["file"] if row["line"] is None else f"{row['file']}:{row['line']}"
        out.print(
            f"[bold]{row['outcome'].replace('_', ' ')}[/]  {escape(shown(where))}  {escape(shown(row['reason']))}",
            soft_wrap=True,
        )
    if not rows.num_rows:
        out.print(
            "Nothing was set aside." if read_deliveries(place).num_rows else "Nothing was read yet: `omnivue run`"
        )
    if rows.num_rows > limit:
        out.print(f"... and {rows.num_rows - limit:,} more (--limit, --csv, --extract, --outcome)")


@group.command("replay")
def quarantine_replay(
    extract: Annotated[str | None, typer.Option(help="Only this extract.")] = None,
    file: Annotated[str | None, typer.Option(help="Only this file, as `quarantine list` names it.")] = None,
) -> None:
    """Judge refused rows and files again by today's contracts and load what passes; `omnivue run` publishes it."""
    from dagster_project.defs.pipeline import business_day
    from dagster_project.ingestion import find_contracts, replay
    from dagster_project.publishing import run_lock

    place, settings = open_home()
    check_extract(place, settings, extract)
    before = _refused(place, extract, file)
    known = find_contracts(place, settings)
    try:
        with run_lock(place, started_at=dt.datetime.now(dt.UTC)):
            replay(place, settings, known, today=business_day(settings), extract=extract, file=file)
    except KeyError as error:
        fail(str(error.args[0]), 1)
    after = _refused(place, extract, file)
    out.print(f"{before - after:,} of {before:,} refused rows and files pass now; {after:,} stay.")
    if after < before:
        out.print("Publish them with `omnivue run`.")


def check_extract(place: Home, settings: Settings, extract: str | None) -> None:
    from dagster_project.ingestion import find_contracts

    if extract is not None:
        known = find_contracts(place, settings)
        if extract not in known:
            fail(f"there is no extract '{extract}'; there are {', '.join(known)}", 1)


def _refused(place: Home, extract: str | None, file: str | None) -> int:
    """Rows and files that are refused now, of what is asked for."""
    import pyarrow.compute as pc

    from dagster_project.ingestion import read_quarantine

    asked = pc.field("outcome").isin(["row_quarantined", "file_rejected"])
    for column, wanted in (("extract", extract), ("file", file)):
        if wanted is not None:
            asked &= pc.field(column) == wanted
    return int(read_quarantine(place).filter(asked).num_rows)
