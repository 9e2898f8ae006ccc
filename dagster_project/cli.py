"""The `omnivue` command: what a person types. Each verb gathers its input, calls one room and prints the outcome.

Imports of the rooms stay inside the verbs, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import difflib
import os
import shutil
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table

from dagster_project.settings import (
    ALERT_WEBHOOK,
    ENGINES,
    POSTGRES_DSN,
    Home,
    Settings,
    SettingsError,
    home,
    load_settings,
)

if TYPE_CHECKING:
    import dagster as dg
    import pandas as pd
    import pyarrow as pa

    from dagster_project.alerts import Receipt
    from dagster_project.defs.nightly import Outcome
    from dagster_project.defs.pipeline import StepReport
    from dagster_project.publishing import Served

T = TypeVar("T")

EXIT_CODES = """\
Exit codes: 0 published (also with warnings) or nothing new, 1 wrong settings or nothing found, 2 wrong use, 3 data
rejected, 4 gate failed, 5 crashed (run again: it repairs itself), 6 busy (another run is at work), 7 published, but
PostgreSQL does not serve it yet, 130 interrupted."""

app = typer.Typer(
    name="omnivue",
    help="Omnivue turns a retailer's nightly extracts into one trustworthy view of its customers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
quarantine = typer.Typer(no_args_is_help=True, help="Rows and files that broke their contract.")
releases = typer.Typer(no_args_is_help=True, help="What was published, and the way back.")
identity = typer.Typer(no_args_is_help=True, help="How records become customers.")
evaluation = typer.Typer(no_args_is_help=True, help="How good the results are, against the simulator's truth.")
contracts = typer.Typer(no_args_is_help=True, help="What each channel promised to deliver.")
app.add_typer(quarantine, name="quarantine")
app.add_typer(releases, name="releases")
app.add_typer(contracts, name="contracts")
app.add_typer(evaluation, name="evaluate")
app.add_typer(identity, name="identity")
alerts = typer.Typer(no_args_is_help=True, help="Who hears of a run that failed (setting `alerts`).")
app.add_typer(alerts, name="alerts")

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def main() -> None:
    """Entry point of the console script: wrong settings become one sentence and exit code 1, a full disk and files that
    may not be used one sentence and exit code 5."""
    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "true")
    try:
        app()
    except SettingsError as error:
        _fail(str(error), 1)
    except OSError as error:
        from dagster_project.warehouse import remedy

        if (what := remedy(error, home().root)) is None:
            raise
        _fail(f"stopped: {what}.", 5)


def _fail(message: str, code: int) -> NoReturn:
    err.print(f"[bold red]omnivue:[/] {escape(message)}", soft_wrap=True)
    sys.exit(code)


def _open(engine: str | None = None) -> tuple[Home, Settings]:
    """The home and its settings; `engine` wins over theirs."""
    place = home()
    settings = load_settings(place.settings_file)
    if engine is None:
        return place, settings
    if engine not in ENGINES:
        _fail(f"--engine {engine}: choose {' or '.join(ENGINES)}", 2)
    return place, settings.model_copy(update={"engine": engine})


def _print_version(asked: bool) -> None:
    if asked:
        out.print(f"omnivue {metadata.version('omnivue')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and leave."),
    ] = False,
) -> None:
    # No docstring: the application's own help text stands.
    ...


@app.command()
def simulate(
    customers: Annotated[int, typer.Option(min=10, help="People the retailer knows or meets in the window.")] = 10_000,
    months: Annotated[int, typer.Option(min=1, max=120, help="Length of the window.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    landing: Annotated[Path | None, typer.Option(help="Where to deliver; default: landing in OMNIVUE_HOME.")] = None,
    until: Annotated[str, typer.Option(metavar="YYYY-MM-DD", help="Last day of the window.")] = "2026-10-31",
    web_format: Annotated[str, typer.Option(help="jsonl (gzipped) or parquet for web events.")] = "jsonl",
    dirt: Annotated[
        bool, typer.Option("--dirt/--no-dirt", help="Plant known defects, listed in truth/dirt.csv.")
    ] = True,
    if_empty: Annotated[bool, typer.Option("--if-empty", help="Do nothing when landing already holds files.")] = False,
) -> None:
    """Write the extracts of a made-up French retailer, and the truth about them beside the landing folder."""
    from dagster_project.simulator import simulate as write_retailer

    place = landing.resolve() if landing else home().landing
    if if_empty and place.exists() and any(path.is_file() for path in place.rglob("*")):
        out.print(f"{place} already holds extracts: nothing simulated.")
        return
    if web_format not in ("jsonl", "parquet"):
        _fail(f"--web-format {web_format}: choose jsonl or parquet", 1)
    out.print(f"Simulating {customers:,} customers over {months} months into {place}")
    try:
        summary = write_retailer(
            customers,
            months,
            seed,
            place,
            dirt=dirt,
            until=dt.date.fromisoformat(until),
            web_format=web_format,  # type: ignore[arg-type]
            progress=lambda text: out.print(f"  {text}"),
        )
    except (FileExistsError, ValueError) as error:
        _fail(str(error), 1)
    out.print(f"{summary.files:,} files, {sum(summary.rows.values()):,} rows. The truth is in {place.parent / 'truth'}")


OUTCOMES = ("row_quarantined", "file_rejected", "deduplicated", "replaced", "kept_reported")

# What a person watches, in the order it happens: step as the pipeline names it -> what it is doing.
STEPS = {
    "ingestion": "taking in what landed",
    "load": "loading the months that changed",
    "gate landing": "judging what was delivered",
    "dbt first pass": "transforming: staging and facts without names",
    "run record": "announcing the release",
    "identity": "finding out who is who",
    "dbt second pass": "transforming: facts, dimensions, KPIs",
    "analytics": "computing attribution, customer value and effects",
    "negative answers": "looking for customers to call back",
    "gate core": "judging facts and dimensions",
    "dbt third pass": "transforming: what rests on them",
    "profile": "measuring the release beside those before",
    "gate marts": "judging KPIs and reconciliation",
    "quality results": "keeping the verdicts",
    "customer directory": "writing the customer directory",
    "customers to call back": "writing the customers to call back",
    "publication": "publishing",
    "PostgreSQL": "loading PostgreSQL",
}


@app.command(epilog=EXIT_CODES)
def run(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build a release even when nothing is new.")] = False,
    engine: Annotated[
        str | None, typer.Option(metavar="duckdb|spark", help="Build on this engine; default: the setting.")
    ] = None,
) -> None:
    """Run the nightly job in this process: ingest, transform, identify, judge, publish."""
    started = time.monotonic()
    place, settings = _open(engine)
    place.create()
    from dagster_project.defs.pipeline import Pipeline
    from dagster_project.warehouse import engine_lacks, open_lake

    if lacks := engine_lacks(settings) or open_lake(place, settings).lacks():
        _fail(lacks, 1)
    asked = Pipeline(place, settings)
    _ = asked.match_model, asked.decisions, settings.publishing.postgres.dsn
    if not _has_extracts(place):
        _fail(f"nothing landed yet: put extracts in {place.landing}, or `omnivue simulate` a retailer there", 1)
    os.environ["OMNIVUE_HOME"] = str(place.root)
    with out.status("starting") as status:

        def tell(report: StepReport) -> None:
            counts = "  ".join(
                f"{name.replace('_', ' ')} {_number(count)}" for name, count in report.counts.items() if count
            )
            out.print(f"  {report.step:<24}{report.seconds:>7.1f} s   [dim]{counts}[/]", soft_wrap=True)
            following = dict(zip(STEPS, list(STEPS.values())[1:], strict=False)).get(report.step)
            if following:
                status.update(following)

        outcome = _nightly(place, settings, rebuild, tell)
    _print_summary(place, outcome, time.monotonic() - started)
    if outcome.unserved is not None:
        _unserved(str(outcome.unserved))


@app.command(epilog=EXIT_CODES)
def backfill(
    first: Annotated[str, typer.Argument(metavar="FROM", help="First arrival date, YYYY-MM-DD.")],
    last: Annotated[str | None, typer.Argument(metavar="[TO]", help="Last arrival date; default: FROM.")] = None,
    extract: Annotated[str | None, typer.Option(help="Only this extract.")] = None,
) -> None:
    """Read the files that arrived on these days again, under today's contracts; `omnivue run` publishes what changed.

    For days that were taken in under a contract that was wrong. The Dagster UI does the same: asset
    landing/deliveries_by_day, materialise the days.
    """
    from dagster_project.defs.backfill import first_day
    from dagster_project.defs.nightly import run_backfill
    from dagster_project.defs.pipeline import business_day

    place, settings = _open()
    _check_extract(place, settings, extract)
    start, end = _date(first), _date(last or first)
    known, today = first_day(place), business_day(settings)
    if known is None:
        _fail(f"nothing landed yet: put extracts in {place.landing}", 1)
    if not known <= start <= end <= today:
        _fail(f"{start} to {end}: choose days from {known}, when the first file arrived, to today, {today}", 1)
    os.environ["OMNIVUE_HOME"] = str(place.create().root)
    with out.status(f"reading what arrived from {start} to {end}"):
        counts = _job(
            place,
            lambda definitions: run_backfill(definitions, place, settings, start, end, extract=extract, told=_told),
        )
    out.print(
        f"{counts['files_new']:,} files read: {counts['rows_loaded']:,} rows loaded, {counts['rows_quarantined']:,} "
        f"rows and {counts['files_rejected']:,} files refused. Publish what changed with `omnivue run`.",
        soft_wrap=True,
    )


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        _fail(f"{text}: expected a date as YYYY-MM-DD", 2)


def _unserved(why: str) -> NoReturn:
    _fail(
        f"{why} The release is current as a file; PostgreSQL serves what it did before. Mend this, then `omnivue "
        "releases sync`; every run tries it, too.",
        7,
    )


def _has_extracts(place: Home) -> bool:
    """Whether anything is in landing, or was before it was archived."""
    from dagster_project.ingestion import read_deliveries

    return any(path.is_file() for path in place.landing.rglob("*")) or read_deliveries(place).num_rows > 0


def _nightly(place: Home, settings: Settings, rebuild: bool, tell: Callable[[StepReport], None]) -> Outcome:
    from dagster_project.defs.nightly import run_nightly

    return _job(
        place, lambda definitions: run_nightly(definitions, place, settings, rebuild=rebuild, tell=tell, told=_told)
    )


def _told(receipt: Receipt) -> None:
    if receipt.problem is not None:
        err.print(f"[yellow]warning:[/] alert not taken by {escape(str(receipt))}", soft_wrap=True)


def _job(place: Home, run: Callable[[Callable[[], dg.Definitions]], T]) -> T:
    """A job, with every way it can end turned into one sentence and its exit code."""
    from dagster_project.defs.dbt_project import DbtError
    from dagster_project.defs.errors import DataRejected, GateFailed, find
    from dagster_project.publishing import RunBusy
    from dagster_project.warehouse import WarehouseBusy

    docs = place.docs / "data_docs" / "index.html"
    unchanged = "The current release stays as it was."
    try:
        from dagster_project.definitions import defs

        return run(defs)
    except DataRejected as verdict:
        _fail(f"data rejected: {verdict} See `omnivue quarantine list`. {unchanged}", 3)
    except GateFailed as verdict:
        _fail(f"gate failed: {verdict}. {unchanged} Details: `omnivue checks`, or {docs.as_uri()}", 4)
    except KeyboardInterrupt:
        _fail("interrupted. What is published is whole; `omnivue run` repairs what was left half done.", 130)
    except Exception as error:
        busy = find(error, RunBusy) or find(error, WarehouseBusy)
        if busy is not None:
            _fail(str(busy), 6)
        dbt = find(error, DbtError)
        _crashed(place, dbt or error)


def _crashed(place: Home, error: BaseException) -> NoReturn:
    """Keep the traceback in a file: the screen gets what happened and what to do."""
    from dagster_project.warehouse import remedy

    log = place.root / "crash.log"
    try:
        log.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        log.chmod(0o600)
        kept = f" Traceback: {log}"
    except OSError:
        kept = ""
    if (what := remedy(error, place.root)) is not None:
        _fail(f"stopped: {what}. The current release stays as it was.{kept}", 5)
    lines = str(error).strip().splitlines()
    _fail(
        f"crashed: {type(error).__name__}: {lines[0] if lines else ''}. The current release stays as it was; run "
        f"again, a run repairs what one before left half done.{kept}",
        5,
    )


def _print_summary(place: Home, outcome: Outcome, seconds: float) -> None:
    import pyarrow.compute as pc

    from dagster_project.defs.pipeline import decision_warnings
    from dagster_project.ingestion import read_deliveries, read_quarantine
    from dagster_project.publishing import CATALOGUE, SCHEMA

    release = outcome.release
    if release is None:
        return
    current = read_deliveries(place)
    current = current.filter(current["is_current"])
    refused = read_quarantine(place)
    refusals = _tally(refused["outcome"])
    rows = int(pc.sum(current["rows_loaded"]).as_py() or 0)
    table = Table(show_header=False, box=None, padding=(0, 2))
    table.add_row("rows in", f"{rows:,} from {current.num_rows:,} files")
    table.add_row(
        "quarantine", "  ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in refusals.items()) or "empty"
    )
    # One row is the member `unknown`.
    table.add_row("customers", f"{release.table('dim_customers').rows - 1:,}")
    restated = next((step.counts["restated_customers"] for step in outcome.steps if step.step == "identity"), 0)
    if restated:
        table.add_row("restated", f"{restated:,} customers, whose records moved: omnivue identity history")
    table.add_row("checks", _counted(release.run.checks))
    table.add_row(
        "release",
        f"{release.id}, {len(release.tables)} tables, {release.rows:,} rows, data through {release.run.data_through}",
    )
    table.add_row("time", f"{seconds:.0f} s")
    table.add_row("marts", str(place.published / "current" / release.database.name))
    if any(report.step == "PostgreSQL" for report in outcome.steps):
        table.add_row("", f"and schema {SCHEMA} of {POSTGRES_DSN}")
    table.add_row("checks in full", str(outcome.data_docs))
    table.add_row("KPI catalogue", str(place.docs / CATALOGUE))
    out.print()
    if outcome.is_new:
        out.print("[bold green]Published.[/]")
    else:
        out.print("[bold green]Nothing new[/] since the current release: same files, settings, decisions and code.")
    out.print(table, soft_wrap=True)
    for report in outcome.steps:
        if report.step == "identity":
            for warning in decision_warnings(report.counts):
                err.print(f"[yellow]warning:[/] {escape(warning)}", soft_wrap=True)


def _tally(values: pa.ChunkedArray) -> dict[str, int]:
    return {item["values"]: item["counts"] for item in values.value_counts().to_pylist()}


def _counted(counts: Mapping[str, int]) -> str:
    return "  ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in counts.items())


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


@quarantine.command("list")
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
    from dagster_project.spreadsheets import as_text

    place, settings = _open()
    _check_extract(place, settings, extract)
    if outcome is not None and outcome not in OUTCOMES:
        _fail(f"there is no outcome '{outcome}'; there are {', '.join(OUTCOMES)}", 1)
    rows = read_quarantine(place)
    for column, wanted in (("extract", extract), ("outcome", outcome)):
        if wanted is not None:
            rows = rows.filter(pc.equal(rows[column], wanted))
    if as_csv:
        import pyarrow.csv

        pyarrow.csv.write_csv(as_text(rows), sys.stdout.buffer)
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


@quarantine.command("replay")
def quarantine_replay(
    extract: Annotated[str | None, typer.Option(help="Only this extract.")] = None,
    file: Annotated[str | None, typer.Option(help="Only this file, as `quarantine list` names it.")] = None,
) -> None:
    """Judge refused rows and files again by today's contracts and load what passes; `omnivue run` publishes it."""
    from dagster_project.defs.pipeline import business_day
    from dagster_project.ingestion import find_contracts, replay
    from dagster_project.publishing import RunBusy, run_lock

    place, settings = _open()
    _check_extract(place, settings, extract)
    before = _refused(place)
    known = find_contracts(place, settings)
    try:
        with run_lock(place, started_at=dt.datetime.now(dt.UTC)):
            replay(place, settings, known, today=business_day(settings), extract=extract, file=file)
    except KeyError as error:
        _fail(str(error.args[0]), 1)
    except RunBusy as error:
        _fail(str(error), 6)
    after = _refused(place)
    out.print(f"{before - after:,} of {before:,} refused rows and files pass now; {after:,} stay.")
    if after < before:
        out.print("Publish them with `omnivue run`.")


def _check_extract(place: Home, settings: Settings, extract: str | None) -> None:
    from dagster_project.ingestion import find_contracts

    if extract is not None:
        known = find_contracts(place, settings)
        if extract not in known:
            _fail(f"there is no extract '{extract}'; there are {', '.join(known)}", 1)


def _refused(place: Home) -> int:
    import pyarrow as pa
    import pyarrow.compute as pc

    from dagster_project.ingestion import read_quarantine

    outcomes = pa.array(["row_quarantined", "file_rejected"])
    return int(pc.sum(pc.is_in(read_quarantine(place)["outcome"], outcomes)).as_py() or 0)


@app.command()
def checks(
    table: Annotated[
        str | None, typer.Option(help="Only this table, for example fct_orders or raw.crm_contacts.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Those that hold, too.")] = False,
    rows: Annotated[int, typer.Option(min=0, help="Failing rows to show of each; up to 1,000 are kept.")] = 3,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print the checks as CSV, without rows.")] = False,
) -> None:
    """What the gate said when it last judged: what failed and what it warns of, why that matters, and rows.

    Personal columns of the rows are masked. What was judged is the last run's data, also where it was not published.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    from dagster_project.ingestion import shown
    from data_quality.results import ExpectationResult, read_results
    from data_quality.suites.vocabulary import STAGES

    place = home()
    found = {stage: said for stage in STAGES if (said := read_results(place.quality, stage)) is not None}
    if not found:
        _fail("nothing was judged yet: `omnivue run`", 1)
    judged = pa.concat_tables(results for results, _ in found.values())
    if table is not None:
        tables = set(judged["table_name"].to_pylist())
        named = [name for name in tables if table in (name, name.partition(".")[2])]
        if not named:
            near = difflib.get_close_matches(table, sorted(name.partition(".")[2] for name in tables))
            _fail(f"no check is about '{table}'; " + (" or ".join(near) if near else "`omnivue checks --all`") + "?", 1)
        judged = judged.filter(pc.is_in(judged["table_name"], pa.array(named)))
    asked = judged if every else judged.filter(pc.invert(judged["success"]))
    if as_csv:
        import pyarrow.csv

        from dagster_project.spreadsheets import as_text

        pyarrow.csv.write_csv(as_text(asked), sys.stdout.buffer)
        return
    verdicts = {"critical": ("failed", "bold red"), "warning": ("warning", "yellow")}
    failing: dict[tuple[str, str], list[str]] = {}
    for _, kept in found.values():
        for row in kept.to_pylist():
            failing.setdefault((row["suite"], row["expectation"]), []).append(row["failing_row"])
    for said in asked.to_pylist():
        word, colour = ("ok", "green") if said["success"] else verdicts[said["severity"]]
        text = f"{ExpectationResult(**said).sentence()}. {said['note']}"
        out.print(f"[{colour}]{word:<8}[/] {escape(shown(text))}", soft_wrap=True)
        for row in failing.get((said["suite"], said["expectation"]), [])[:rows]:
            out.print(f"         {escape(shown(row))}", style="dim", soft_wrap=True)
    judged_at = {stage: (place.quality / f"{stage}_results.parquet").stat().st_mtime for stage in found}
    for stage, at in judged_at.items():
        of_stage = judged.filter(pc.equal(judged["stage"], stage))
        if of_stage.num_rows:
            hold = pc.sum(of_stage["success"]).as_py()
            when = f"{dt.datetime.fromtimestamp(at, dt.UTC):%Y-%m-%d %H:%M} UTC"
            # A run that ends at one stage leaves the later ones as the run before found them.
            before = " by an earlier run" if at < next(iter(judged_at.values())) else ""
            out.print(f"{stage:<8} {hold:,} of {of_stage.num_rows:,} hold, judged {when}{before}")


@releases.command("list")
def releases_list() -> None:
    """Every release that is kept, the newest last; `current` is what BI reads. `served`: what schema marts is in
    PostgreSQL; `there`: in PostgreSQL, to roll back to."""
    from dagster_project.publishing import PostgresError, current_release, list_releases, served_by_postgres

    place, settings = _open()
    problem, served = "", None
    try:
        served = served_by_postgres(settings)
    except PostgresError as error:
        problem = str(error)
    current = current_release(place)
    if current is None and not list_releases(place):
        out.print("nothing is published yet: `omnivue run` builds the first release")
        return
    table = Table("release", "built at (UTC)", "rows", "checks", "", *(["PostgreSQL"] if served else []), box=None)
    for column in table.columns:
        column.no_wrap = True
    for release in list_releases(place):
        table.add_row(
            release.id,
            f"{release.built_at:%Y-%m-%d %H:%M}",
            f"{release.rows:,}",
            _counted(release.run.checks),
            "current" if current and release.id == current.id else "",
            *([_in_postgres(served, release.id)] if served else []),
        )
    out.print(table)
    if served and current and served.current != current.id:
        problem = f"PostgreSQL serves {served.current or 'nothing yet'}: `omnivue releases sync`"
    if problem:
        err.print(f"[yellow]warning:[/] {escape(problem)}", soft_wrap=True)


def _in_postgres(served: Served, release_id: str) -> str:
    return "served" if release_id == served.current else "there" if release_id in served.releases else ""


@releases.command("show")
def releases_show(
    release_id: Annotated[str, typer.Argument(help="As `releases list` names it, or current.")] = "current",
) -> None:
    """One release: where it came from, its tables with rows and checksums."""
    from dagster_project.publishing import current_release, show_release

    place = home()
    release = current_release(place) if release_id == "current" else _release(lambda: show_release(place, release_id))
    if release is None:
        _fail("nothing is published yet: `omnivue run`", 1)
    facts = Table(show_header=False, box=None, padding=(0, 2))
    for name, value in {
        "release": release.id,
        "built at": f"{release.built_at:%Y-%m-%d %H:%M} UTC",
        "as of": release.as_of,
        "data through": release.run.data_through,
        "code": release.run.code_version[:12],
        "engine": release.run.engine,
        "checks": _counted(release.run.checks),
        "tables whole as served, by check": _counted(release.audit) or "not looked at",
        "folder": release.path,
    }.items():
        facts.add_row(name, str(value))
    out.print(facts, soft_wrap=True)
    tables = Table("table", "rows", "sha256 of its Parquet file", box=None)
    tables.columns[1].justify = "right"
    for table in release.tables:
        tables.add_row(table.name, f"{table.rows:,}", table.parquet.sha256[:16])
    out.print(tables)


@releases.command("rollback")
def releases_rollback(
    release_id: Annotated[str | None, typer.Argument(help="Default: the release before the current one.")] = None,
) -> None:
    """Make an older release current again, in a second; in PostgreSQL too, where it is used.

    The next run builds a new release from what is in landing: mend the cause first.
    """
    from dagster_project.publishing import rollback

    place, settings = _open()
    release = _release(lambda: rollback(place, release_id))
    out.print(f"{release.id} is current: {release.path / release.database.name}", soft_wrap=True)
    _sync(place, settings)


@releases.command("sync")
def releases_sync() -> None:
    """Have PostgreSQL serve the current release, after it was down or put in another's place. Repeating it is harmless.

    The server is the one that OMNIVUE_POSTGRES_DSN names.
    """
    place, settings = _open()
    if settings.publishing.postgres.dsn is None:
        _fail(f"no server is named: export {POSTGRES_DSN}=postgresql://user:password@host:5432/database", 1)
    if not _sync(place, settings):
        _fail("nothing is published yet: `omnivue run`", 1)


def _sync(place: Home, settings: Settings) -> bool:
    """Whether PostgreSQL is used and there was a release to serve."""
    from dagster_project.publishing import SCHEMA, PostgresError, sync_postgres

    try:
        with out.status("PostgreSQL") as status:
            synced = _release(
                lambda: sync_postgres(
                    place,
                    settings,
                    lambda table, done, of: status.update(f"PostgreSQL: {done} of {of} tables, {table}"),
                )
            )
    except PostgresError as error:
        _unserved(str(error))
    if synced is None:
        return False
    loaded = f", {synced.rows:,} rows loaded" if synced.rows else ""
    out.print(f"{synced.release.id} is schema {SCHEMA} in PostgreSQL{loaded}")
    for note in synced.notes:
        out.print(note, soft_wrap=True)
    return True


@releases.command("verify")
def releases_verify(
    release_id: Annotated[str | None, typer.Argument(help="Default: every release that is kept.")] = None,
) -> None:
    """Compare the files of a release with the checksums it was published with."""
    from dagster_project.publishing import list_releases, verify

    place = home()
    damaged = False
    for name in [release_id] if release_id else [release.id for release in list_releases(place)]:
        problems = _release(lambda name=name: verify(place, name))  # type: ignore[misc]
        damaged = damaged or bool(problems)
        out.print(f"{name}: {'; '.join(problems) if problems else 'whole'}", soft_wrap=True)
    if damaged:
        sys.exit(1)


def _release(action: Callable[[], T]) -> T:
    from dagster_project.publishing import ReleaseError

    try:
        return action()
    except ReleaseError as error:
        _fail(str(error), 1)


@contracts.command("check")
def contracts_check() -> None:
    """Validate every contract: the ODCS schema, types, formats, patterns, mappings."""
    from dagster_project.ingestion import find_contracts
    from data_quality.contract import ContractError

    place, settings = _open()
    try:
        found = find_contracts(place, settings)
    except ContractError as error:
        _fail(str(error), 1)
    out.print(f"{len(found)} contracts are valid.")


@contracts.command("list")
def contracts_list() -> None:
    """Every extract with its format, its delivery and what its file names look like."""
    from dagster_project.ingestion import find_contracts

    place, settings = _open()
    table = Table("extract", "format", "delivery", "columns", "file names", box=None)
    table.columns[-1].overflow = "fold"
    for contract in find_contracts(place, settings).values():
        formats = ", ".join(dialect.format for dialect in contract.dialects)
        columns = str(len(contract.columns))
        table.add_row(
            contract.id,
            formats,
            " + ".join(sorted(set(contract.delivery_kinds.values()))),
            columns,
            contract.file_pattern,
        )
    out.print(table)


@app.command()
def customer(
    who: Annotated[
        str, typer.Argument(help="A customer_id, present or former; an e-mail, phone, card, account or key.")
    ],
    chart: Annotated[
        Path | None,
        typer.Option(help="Draw why records without a key in common are together, into this .svg, .png or .html."),
    ] = None,
) -> None:
    """Who a customer is: golden record, the records behind it, why they are together, the id's history. Personal."""
    from dagster_project.charts import ChartError
    from dagster_project.defs.pipeline import Pipeline
    from dagster_project.identity.dossier import TABLES, dossier, find
    from dagster_project.identity.waterfall import draw, waterfalls
    from dagster_project.warehouse import WarehouseError

    place, settings = _open()
    pipeline = Pipeline(place, settings)
    try:
        tables = {name: pipeline.warehouse.table(schema, name).to_pandas() for schema, name in TABLES}
    except WarehouseError as error:
        _fail(str(error), 1)
    found = find(who, tables, settings.business.country)
    if not found:
        _fail(f"no customer bears '{who}': give a customer_id, e-mail, phone, loyalty card, account or source key", 1)
    if len(found) > 1:
        out.print(f"{who} is borne by {len(found)} customers; ask for one of them:\n", soft_wrap=True)
        golden = tables["int_customer_golden"].set_index("customer_id")
        for customer_id in found:
            names = (golden.at[customer_id, column] for column in ("first_name", "last_name"))
            said = " ".join(name for name in names if isinstance(name, str))
            out.print(f"  {customer_id}  {escape(said or 'no name')}")
        return
    told = dossier(found[0], tables, pipeline.match_model, settings.business.country)
    out.print(f"[bold]{told.customer_id}[/]\n")
    table = _table("", "golden record", "said by", "on", "as the")
    for row in told.values.to_dict("records"):
        source, said_on = f"{row['source_system']} {row['source_person_key']}", f"{row['said_at']:%Y-%m-%d}"
        values = (row["field"].replace("_", " "), row["value"], source, said_on, row["rule"].replace("_", " "))
        table.add_row(*map(escape, values))
    out.print(table)
    out.print("\n[bold]Known of them[/]")
    table = _table("", "", show_header=False)
    for name, value in told.golden.items():
        table.add_row(name.replace("_", " "), escape(_cell(value)))
    out.print(table)
    table = _table("source", "key", "since", "first name", "last name", "joined by", "probability")
    for row in told.records.to_dict("records"):
        cells = [
            row[name] for name in ("source_system", "source_person_key", "first_seen_date", "first_name", "last_name")
        ]
        cells += [row["match_method"].replace("_", " "), f"{row['match_probability']:.4f}"]
        table.add_row(*(escape(_cell(cell)) for cell in cells))
    out.print("\n[bold]Records[/]")
    out.print(table)
    for title, sentences in (("Why together", told.reasons), ("Note", told.cautions), ("History", told.history)):
        if sentences:
            out.print(f"\n[bold]{title}[/]")
            for sentence in sentences:
                out.print(f"  {escape(sentence)}", soft_wrap=True)
    if chart is not None:
        try:
            draw(waterfalls(found[0], tables, pipeline.match_model, settings.business.country), chart)
        except ChartError as error:
            _fail(str(error), 1)
        out.print(f"\nThe evidence is drawn in {chart}; it shows personal data.", soft_wrap=True)


@app.command()
def attribution(
    paths: Annotated[
        Path, typer.Option(help="CSV or Parquet: path (a > b > c), conversions, value, nulls, perhaps days_before.")
    ],
    models: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Which models, by comma; default: all but shapley_rate.")
    ] = None,
    output: Annotated[str, typer.Option("--format", metavar="table|csv", help="csv has every digit.")] = "table",
    chart: Annotated[Path | None, typer.Option(help="Draw them side by side, into this .svg, .png or .html.")] = None,
    separator: Annotated[str, typer.Option(help="What stands between two channels of a path.")] = ">",
    direct_channel: Annotated[str | None, typer.Option(help="last_non_direct passes it over.")] = None,
    first_weight: Annotated[float | None, typer.Option(help="position_based: share of the first touch.")] = None,
    last_weight: Annotated[float | None, typer.Option(help="position_based: share of the last touch.")] = None,
    half_life_days: Annotated[float | None, typer.Option(help="time_decay: this much earlier counts half.")] = None,
    step_days: Annotated[float | None, typer.Option(help="time_decay without days_before: days a step.")] = None,
    markov_order: Annotated[int | None, typer.Option(help="markov: channels the next one depends on, 1 to 3.")] = None,
) -> None:
    """Which channels earned the conversions: models of attribution side by side, over a file of paths.

    Options that are not given are the settings `attribution` of OMNIVUE_HOME.
    """
    from dagster_project.attribution import DEFAULT_MODELS, AttributionError, attribute, channel_weights, encode
    from dagster_project.attribution.chart import draw
    from dagster_project.attribution.files import read_paths
    from dagster_project.charts import ChartError

    if output not in ("table", "csv"):
        _fail(f"--format {output}: choose table or csv", 2)
    asked = [model.strip() for model in models.split(",")] if models is not None else list(DEFAULT_MODELS)
    given = {
        "direct_channel": direct_channel,
        "first_weight": first_weight,
        "last_weight": last_weight,
        "half_life_days": half_life_days,
        "step_days": step_days,
        "markov_order": markov_order,
    }
    settings = _open()[1].attribution.model_dump() | {name: own for name, own in given.items() if own is not None}
    try:
        frame = read_paths(paths)
        found = attribute(frame, asked, separator=separator, **settings)
        if output == "csv":
            found.to_csv(sys.stdout, index=False, lineterminator="\n")
        else:
            _print_attribution(found, "conversions")
            if found["value"].any():
                _print_attribution(found, "value")
            if raw := [model for model in asked if model in ("markov", "shapley_rate")]:
                effects = channel_weights(encode(frame, separator), raw, **settings)
                out.print(
                    "Before they become shares: removal effects (markov), conversions per journey (shapley_rate)\n"
                )
                _print_attribution(effects, "effect", digits=4, totals=False)
        if chart is not None:
            draw(found, chart)
            err.print(f"The models are drawn in {chart}", soft_wrap=True)
    except (AttributionError, ChartError) as error:
        _fail(str(error), 1)


def _print_attribution(found: pd.DataFrame, measure: str, *, digits: int | None = None, totals: bool = True) -> None:
    """Channels down, models across. `digits` behind the point: the fewer, the more there is, when not given."""
    wide = found.pivot(index="channel", columns="model", values=measure)[list(dict.fromkeys(found["model"]))]
    if digits is None:
        digits = max(0, 4 - len(f"{wide.sum().abs().max():.0f}"))
    table = _table(measure, *(str(model).replace("_", "\n") for model in wide.columns))
    for column in table.columns[1:]:
        column.justify = "right"
    for channel, row in wide.iterrows():
        table.add_row(escape(str(channel)), *(f"{value:,.{digits}f}" for value in row))
    if totals:
        table.add_section()
        table.add_row("[bold]all[/]", *(f"[bold]{value:,.{digits}f}[/]" for value in wide.sum()))
    # A narrow terminal breaks lines, but no number is cut.
    needed = Measurement.get(out, out.options.update(max_width=10_000), table).maximum
    Console(highlight=False, width=max(out.width, needed)).print(table)
    out.print()


def _table(*columns: str, show_header: bool = True) -> Table:
    """A table that folds what is too long for the terminal rather than cut it off."""
    table = Table(*columns, box=None, show_header=show_header)
    for column in table.columns:
        column.overflow = "fold"
    return table


def _cell(value: object) -> str:
    """A value as people read it: no time of day at midnight, lists with commas, nothing for null."""
    if isinstance(value, dt.datetime):
        return (
            ""
            if str(value) == "NaT"
            else f"{value:%Y-%m-%d}"
            if value.time() == dt.time()
            else f"{value:%Y-%m-%d %H:%M}"
        )
    if hasattr(value, "tolist") and not isinstance(value, str):
        value = value.tolist()
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, float) and value.is_integer():
        return f"{value:.0f}"
    return "" if value is None or value != value else str(value)


@identity.command("train")
def identity_train(
    save: Annotated[Path | None, typer.Option(help="Where to write it; match_model.json in OMNIVUE_HOME.")] = None,
) -> None:
    """Fit a match model to the records of the last run, in a file. No run uses it before the settings name it."""
    from dagster_project.defs.pipeline import Pipeline
    from dagster_project.identity import train_model
    from dagster_project.warehouse import WarehouseError

    place, settings = _open()
    pipeline = Pipeline(place, settings)
    target = save or place.root / "match_model.json"
    try:
        records = pipeline.warehouse.table("intermediate", "int_customer_records")
    except WarehouseError as error:
        _fail(str(error), 1)
    model = train_model(records, pipeline.decisions.table, settings.identity, country=settings.business.country)
    target.parent.mkdir(parents=True, exist_ok=True)
    model.save(target)
    out.print(f"{target}: match model {model.version}, of {records.num_rows:,} records", soft_wrap=True)
    used = pipeline.match_model
    out.print(
        f"in use: {used.version if used else 'none'}. To use the new one, set in {place.settings_file}:", soft_wrap=True
    )
    out.print(f"  identity: {{match_model: {_as_set(place, target)}}}", soft_wrap=True)


def _as_set(place: Home, path: Path) -> Path:
    """A path as the settings take it: relative to the home where it lies in it."""
    path = path.resolve()
    return path.relative_to(place.root) if path.is_relative_to(place.root) else path


@identity.command("review")
def identity_review(
    limit: Annotated[int, typer.Option(min=1, help="Pairs to show, or to write.")] = 10,
    file: Annotated[Path | None, typer.Option("--csv", help="Write them as decisions to fill in, instead.")] = None,
) -> None:
    """Pairs of customers that may be one, the most valuable first, and the evidence. Personal.

    --csv writes them in the format of the decisions file with `action` left empty: write link or unlink there.
    """
    from dagster_project.defs.pipeline import Pipeline, business_day
    from dagster_project.identity.decisions import write_undecided
    from dagster_project.identity.review import cases, undecided
    from dagster_project.warehouse import WarehouseError

    place, settings = _open()
    pipeline = Pipeline(place, settings)
    if pipeline.match_model is None:
        out.print("Nothing to review: without a match model (identity.match_model) nothing is uncertain.")
        return
    try:
        queue, records, keys = (
            pipeline.warehouse.table(schema, name)
            for schema, name in (
                ("identity", "review_queue"),
                ("intermediate", "int_customer_records"),
                ("identity", "normalised_keys"),
            )
        )
    except WarehouseError as error:
        _fail(str(error), 1)
    waiting = undecided(queue, pipeline.decisions.table)
    asked = cases(
        waiting.slice(0, limit),
        records,
        keys,
        pipeline.match_model,
        settings.business.country,
        settings.business.currency,
    )
    if file is not None:
        if file.exists():
            _fail(f"{file} is there already: name another file, so that no decision in it is lost", 1)
        file.parent.mkdir(parents=True, exist_ok=True)
        written = write_undecided(file, ((*case.records, case.reason) for case in asked), business_day(settings))
        out.print(
            f"{file}: {written:,} of {waiting.num_rows:,} pairs. Write link or unlink in column action,", soft_wrap=True
        )
        chosen = settings.identity.decisions
        setting = f"set in {place.settings_file}:\n  identity: {{decisions: {_as_set(place, file)}}}"
        where = f"add the lines to {chosen}" if chosen else setting
        out.print(f"To have the next `omnivue run` obey, {where}", soft_wrap=True)
        return
    for number, case in enumerate(asked, start=1):
        stake = f"{case.row['value_at_stake']:,} {settings.business.currency}"
        out.print(f"[bold]{number}.[/] {stake} at stake, {escape(case.why)}", soft_wrap=True)
        for line in (*case.sides, case.evidence):
            out.print(f"   {escape(line)}", soft_wrap=True)
    if not waiting.num_rows:
        out.print("Nothing to review.")
    elif waiting.num_rows > limit:
        out.print(f"... and {waiting.num_rows - limit:,} more (--limit, --csv)")


@identity.command("decisions")
def identity_decisions() -> None:
    """What stewards decided, in the file and by `identity revert`; what of it decides nothing, and why. Personal."""
    from collections import Counter

    from dagster_project.defs.pipeline import Pipeline
    from dagster_project.identity import load_ledger, weigh
    from dagster_project.identity.decisions import CONTRADICTED, HOLDS, REPLACED, pair

    place, settings = _open()
    decisions = Pipeline(place, settings).decisions
    weighed = weigh(decisions.table)
    known = load_ledger(place.ledger).members()
    delivered = set(zip(known["source_system"], known["source_person_key"], strict=True))
    rows = decisions.table.to_pylist()
    kinds = Counter(weighed.state)
    out.print(
        f"decisions: {kinds[HOLDS]:,} in force, {kinds[REPLACED]:,} replaced by later ones on the same pair, "
        f"{kinds[CONTRADICTED]:,} contradicted by later ones, {decisions.unfilled:,} still without an action",
        soft_wrap=True,
    )

    def told(row: int) -> str:
        one, other = (" ".join(record) for record in pair(rows[row]))
        return f"{decisions.places[row]} ({rows[row]['decided_on']}: {rows[row]['action']} {one}, {other})"

    for row, state in enumerate(weighed.state):
        if state == CONTRADICTED:
            others = "; ".join(told(other) for other in weighed.against[row])
            out.print(f"[yellow]contradicted[/]  {escape(told(row))} by {escape(others)}", soft_wrap=True)
        elif state == HOLDS and (absent := [record for record in pair(rows[row]) if record not in delivered]):
            missing = " and ".join(" ".join(record) for record in absent)
            out.print(f"[yellow]waiting[/]  {escape(told(row))}: no customer has {escape(missing)} yet", soft_wrap=True)


@identity.command("history")
def identity_history(
    customer_id: Annotated[str | None, typer.Option("--customer", help="Only events of this customer_id.")] = None,
    event: Annotated[
        str | None, typer.Option(help="Only this kind: created, merged_into, split_from or reverted.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Events to show.")] = 50,
) -> None:
    """What happened to ids, the latest first: merges, splits, reversals; births with --event created or --customer."""
    from dagster_project.identity import load_ledger
    from dagster_project.identity.dossier import happened
    from dagster_project.identity.ledger import CREATED, MERGED_INTO, REVERTED, SPLIT_FROM

    kinds = (CREATED, MERGED_INTO, SPLIT_FROM, REVERTED)
    if event is not None and event not in kinds:
        _fail(f"--event {event}: choose {', '.join(kinds)}", 2)
    place = home()
    rows = load_ledger(place.ledger).history().to_pylist()
    if customer_id is not None:
        rows = [row for row in rows if customer_id in (row["customer_id"], row["other_customer_id"])]
        if not rows:
            _fail(f"nothing is known of customer '{customer_id}': give a present or former customer_id", 1)
    shown = {event} if event else set(kinds) if customer_id else {*kinds} - {CREATED}
    rows = [row for row in rows if row["event"] in shown]
    for row in rows[::-1][:limit]:
        out.print(escape(happened(row)), soft_wrap=True)
    if not rows:
        out.print("No such event so far.")
    elif len(rows) > limit:
        out.print(f"... and {len(rows) - limit:,} more (--limit, --customer, --event)")


@identity.command("revert")
def identity_revert(
    event: Annotated[str, typer.Argument(help="As `identity history` names it, for example 12-3.")],
    reason: Annotated[str, typer.Option(help="Why; kept with the decisions.")] = "",
) -> None:
    """Undo a logged event at the next run: set the two sides of a merge apart, join those of a split again."""
    from dagster_project.defs.pipeline import Pipeline, business_day
    from dagster_project.identity import Ledger, LedgerError, add_decisions, load_ledger, revert
    from dagster_project.publishing import RunBusy, run_lock

    place, settings = _open()
    pipeline = Pipeline(place, settings)
    try:
        with run_lock(place, started_at=dt.datetime.now(dt.UTC)):
            ledger = Ledger(load_ledger(place.ledger).rows, pipeline.decisions.table)
            done = revert(ledger, event, business_day(settings), reason or f"event {event} reverted")
            add_decisions(place.ledger, done.decisions)
    except LedgerError as error:
        _fail(str(error), 1)
    except RunBusy as error:
        _fail(str(error), 6)
    from dagster_project.identity.dossier import happened

    one, other = done.event["customer_id"], done.event["other_customer_id"]
    sizes = [f"{len(side):,} record{'s' if len(side) > 1 else ''}" for side in (done.ours, done.theirs)]
    out.print(escape(happened(done.event)), soft_wrap=True)
    if done.action == "unlink":
        does = f"sets the {sizes[0]} of {one} apart from the {sizes[1]} of {other}: {one} is back."
    else:
        does = f"joins the {sizes[0]} of {one} and the {sizes[1]} of {other} again."
    out.print(f"The next `omnivue run` {does}", soft_wrap=True)


@evaluation.command("identity")
def evaluate_identity() -> None:
    """Precision and recall of who is who, in all and by what made a record hard."""
    import duckdb

    from dagster_project.identity import EvaluationError, evaluate
    from dagster_project.warehouse.warehouse import exactly

    place = home()
    truth, directory = place.root / "truth" / "source_records.csv", place.directory
    if not truth.exists():
        _fail(f"there is no truth in {truth.parent}: only a simulated retailer's is known (`omnivue simulate`)", 1)
    if not directory.exists():
        _fail(f"there is no customer directory in {directory.parent}: `omnivue run` first", 1)
    record = "source_system || ':' || source_person_key as record_id"
    with duckdb.connect(str(directory), read_only=True) as session:
        assigned = session.execute(f"select {record}, customer_id from customer_sources").df()
        known = session.execute(f"select {record}, person_id, kind from read_csv(?)", [exactly(truth)]).df()
    try:
        found = evaluate(assigned, known)
    except EvaluationError as error:
        _fail(str(error), 1)
    out.print(f"{found.records:,} records of {found.people:,} people became {found.customers:,} customers\n")
    table = Table("measure", "precision", "recall", "F1", box=None)
    for name, score in (("pairs of records", found.pairwise), ("average record (B-cubed)", found.b_cubed)):
        table.add_row(name, *(f"{value:.4f}" for value in (score.precision, score.recall, score.f1)))
    out.print(table)
    table = Table("records", "how many", "precision", "recall", box=None)
    for kind, records, precision, recall in found.kinds.itertuples(index=False):
        table.add_row(kind, f"{records:,}", f"{precision:.4f}", f"{recall:.4f}")
    out.print("\nby what was written in them, over the pairs with such a record")
    out.print(table)
    table = Table("records of no one person", "how many", "with one", "joining several", "per thousand", box=None)
    for kind, records, one, several in found.nobodys.itertuples(index=False):
        table.add_row(kind, f"{records:,}", f"{one:,}", f"{several:,}", f"{1000 * several / records:.1f}")
    if len(found.nobodys):
        out.print()
        out.print(table)


@evaluation.command("attribution")
def evaluate_attribution(
    models: Annotated[
        str | None, typer.Option(metavar="NAME,NAME", help="Which models, by comma; default: all.")
    ] = None,
) -> None:
    """What models of attribution credit channels with, against the orders these caused."""
    import json

    import duckdb

    from dagster_project.attribution.evaluation import EvaluationError, evaluate
    from dagster_project.publishing.manifest import DATABASE
    from dagster_project.warehouse.warehouse import exactly

    place = home()
    truth, parameters = place.root / "truth" / "channel_counterfactual.csv", place.root / "truth" / "parameters.json"
    published = place.published / "current" / DATABASE
    if not truth.exists():
        _fail(f"there is no truth in {truth.parent}: only a simulated retailer's is known (`omnivue simulate`)", 1)
    if not published.exists():
        _fail(f"there is no release in {place.published}: `omnivue run` first", 1)
    planted = json.loads(parameters.read_text(encoding="utf-8"))["touch_effect"]
    channels = [channel for channel, effect in planted.items() if effect > 0]
    with duckdb.connect(str(published), read_only=True) as session:
        try:
            credited = session.execute(
                "select customer_id, touch_channel, model, sum(credit_conversions) as orders "
                "from marts.attribution_credits where list_contains(?, touch_channel) group by all order by all",
                [channels],
            ).df()
        except duckdb.CatalogException:
            _fail(f"the release in {published.parent} has no attribution_credits: `omnivue run` makes one that has", 1)
        caused = session.execute(
            "select touch_channel, orders_caused - cancelled as incremental from read_csv(?) "
            "where list_contains(?, touch_channel)",
            [exactly(truth), channels],
        ).df()
    known = sorted(credited["model"].unique())
    asked = [name.strip() for name in models.split(",")] if models is not None else known
    if unknown := [name for name in asked if name not in known]:
        _fail(f"there is no model '{unknown[0]}'; there are {', '.join(known)}", 2)
    try:
        found = evaluate(credited[credited["model"].isin(asked)], caused)
    except EvaluationError as error:
        _fail(str(error), 1)
    out.print(
        f"{caused['incremental'].sum():,} orders were caused by {len(caused)} channels. Models credit these channels "
        f"with orders of {found.customers:,} customers.\n"
        "Shares are over these channels, intervals of 95 % over customers.\n",
        soft_wrap=True,
    )
    table = Table("model", "total absolute error", "from", "to", box=None)
    for name, *errors in found.models.itertuples(index=False):
        table.add_row(name, *(f"{value:.3f}" for value in errors))
    out.print(table)
    out.print("\nby channel: what it caused, what models credit it with, and orders caused for each one credited")
    table = Table("channel, model", "share", "from", "to", "orders", "caused / credited", box=None)
    by_size = found.channels.sort_values(["true_share", "touch_channel"], ascending=[False, True], kind="stable")
    for channel, rows in by_size.groupby("touch_channel", sort=False):
        first = rows.iloc[0]
        table.add_row(str(channel), f"{first['true_share']:.3f}", "", "", f"{first['incremental']:,.0f}", "")
        for _, name, _, *shares, _, orders, ratio in rows.itertuples(index=False):
            worth = f"{ratio:.2f}" if orders else "-"
            table.add_row(f"  {name}", *(f"{share:.3f}" for share in shares), f"{orders:,.1f}", worth)
    out.print(table)


@alerts.command("test")
def alerts_test() -> None:
    """Send a test message to every receiver of the setting `alerts`, and say who took it."""
    from dagster_project.defs.watch import say_hello

    place, settings = _open()
    receipts = say_hello(place, settings.alerts)
    if not receipts:
        _fail(
            f"nobody would hear: set alerts.webhooks or alerts.email in {place.settings_file}, or export "
            f"{ALERT_WEBHOOK}=https://...",
            1,
        )
    for receipt in receipts:
        out.print(escape(str(receipt)), soft_wrap=True)
    if any(receipt.problem is not None for receipt in receipts):
        sys.exit(1)


@app.command()
def catalogue(
    output: Annotated[Path | None, typer.Option(help="Where to write it; default: docs in OMNIVUE_HOME.")] = None,
) -> None:
    """Write the KPI catalogue, an HTML page: each KPI's formula, window, date basis, owner, caveats, and what adds up.

    Every run writes it, too, beside the Data Docs. Windows and thresholds are those of your settings."""
    from dagster_project.publishing import CATALOGUE, CatalogueError, write_catalogue

    place, settings = _open()
    try:
        page = write_catalogue(output or place.docs / CATALOGUE, settings)
    except (CatalogueError, OSError) as error:
        _fail(f"catalogue: {error}", 1)
    out.print(f"KPI catalogue: {page.resolve().as_uri()}", soft_wrap=True)


@app.command("dbt", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def dbt_command(context: typer.Context) -> None:
    """Any dbt command with Omnivue's settings, for example `omnivue dbt parse` or `omnivue dbt docs generate`."""
    from dagster_project.defs.dbt_project import DbtError, DbtProject
    from dagster_project.defs.pipeline import Pipeline

    place, settings = _open()
    place.create()
    if not context.args:
        _fail("name a dbt command, for example `omnivue dbt parse`; `dbt --help` lists them", 1)
    try:
        code = DbtProject(place, settings).command(context.args, Pipeline(place, settings).plan())
    except DbtError as error:
        _fail(str(error), 2)
    sys.exit(code)


@app.command()
def clean() -> None:
    """Remove what a run rebuilds: lake, warehouse, quarantine, docs. Landing, ledger, directory and releases stay."""
    from dagster_project.warehouse import LakeError, open_lake

    place, settings = _open()
    if settings.lake.uri is not None:
        lake = open_lake(place, settings)
        try:
            lake.clear()
        except LakeError as error:
            _fail(str(error), 1)
        out.print(f"removed {lake.root}/raw", soft_wrap=True)
    for path in (place.lake, place.quarantine, place.warehouse.parent, place.quality, place.docs, place.dbt):
        if path.exists():
            shutil.rmtree(path)
            out.print(f"removed {path}")


@app.command()
def ui(port: Annotated[int, typer.Option(help="Port on this machine.")] = 3000) -> None:
    """Open the Dagster UI on this machine: assets, checks, runs, the nightly schedule."""
    import dagster as dg

    from dagster_project.defs.home import WORKSPACE, prepare_dagster_home
    from dagster_project.defs.watch import close_dead_runs
    from dagster_project.publishing import RunBusy, run_lock

    place = home().create()
    workspace = prepare_dagster_home(place) / WORKSPACE
    with (
        contextlib.suppress(RunBusy),
        run_lock(place, started_at=dt.datetime.now(dt.UTC)),
        dg.DagsterInstance.get() as instance,
    ):
        close_dead_runs(instance, place)
    environment = os.environ | {"OMNIVUE_HOME": str(place.root), "DAGSTER_HOME": str(place.dagster)}
    dagster = Path(sys.executable).with_name("dagster")
    out.print(f"Dagster UI: http://127.0.0.1:{port} (stop with Ctrl-C)")
    command = [str(dagster), "dev", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)]
    sys.exit(subprocess.run(command, env=environment, cwd=place.dagster, check=False).returncode)


@app.command()
def doctor() -> None:
    """Say what is missing on this machine, and how much disk each part takes. It changes nothing."""
    from dagster_project.doctor import disk_use, examine

    colours = {"ok": "green", "warning": "yellow", "missing": "bold red"}
    findings = list(examine(home()))
    for finding in findings:
        remedy = f" - {finding.remedy}" if finding.remedy else ""
        out.print(
            f"[{colours[finding.level]}]{finding.level:<8}[/] {escape(f'{finding.subject}: {finding.detail}{remedy}')}",
            soft_wrap=True,
        )
    for part, size in disk_use(home()).items():
        out.print(f"{size / 2**20:>10,.1f} MiB  {part}")
    if any(finding.level == "missing" for finding in findings):
        sys.exit(1)


if __name__ == "__main__":
    main()
