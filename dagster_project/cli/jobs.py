"""What builds and publishes: simulate a retailer, the nightly run, back-fill; and how a job's end is told."""

from __future__ import annotations

import datetime as dt
import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.markup import escape

from dagster_project.cli.quarantine import OUTCOMES, check_extract
from dagster_project.cli.releases import unserved
from dagster_project.cli.terminal import T, counted, err, fail, folding_table, open_home, out
from dagster_project.settings import ENGINES, POSTGRES_DSN, Home, home

if TYPE_CHECKING:
    import dagster as dg
    import pyarrow as pa

    from dagster_project.alerts import Receipt
    from dagster_project.defs.nightly import Outcome
    from dagster_project.defs.pipeline import StepReport

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
        fail(f"--web-format {web_format}: choose jsonl or parquet", 1)
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
        fail(str(error), 1)
    out.print(f"{summary.files:,} files, {sum(summary.rows.values()):,} rows. The truth is in {place.parent / 'truth'}")


def run(
    rebuild: Annotated[bool, typer.Option("--rebuild", help="Build a release even when nothing is new.")] = False,
    engine: Annotated[
        str | None, typer.Option(metavar="|".join(ENGINES), help="Build on this engine; default: the setting.")
    ] = None,
) -> None:
    """Run the nightly job in this process: ingest, transform, identify, judge, publish."""
    started = time.monotonic()
    place, settings = open_home(engine)
    place.create()
    from dagster_project.defs.nightly import run_nightly
    from dagster_project.defs.pipeline import Pipeline
    from dagster_project.warehouse import engine_lacks, open_lake

    if lacks := engine_lacks(settings) or open_lake(place, settings).lacks():
        fail(lacks, 1)
    asked = Pipeline(place, settings)
    _ = asked.match_model, asked.decisions, settings.publishing.postgres.dsn
    if not _has_extracts(place):
        fail(f"nothing landed yet: put extracts in {place.landing}, or `omnivue simulate` a retailer there", 1)
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

        outcome = _job(
            place, lambda definitions: run_nightly(definitions, place, settings, rebuild=rebuild, tell=tell, told=_told)
        )
    _print_summary(place, outcome, time.monotonic() - started)
    if outcome.unserved is not None:
        unserved(str(outcome.unserved))


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

    place, settings = open_home()
    check_extract(place, settings, extract)
    start, end = _date(first), _date(last or first)
    known, today = first_day(place), business_day(settings)
    if known is None:
        fail(f"nothing landed yet: put extracts in {place.landing}", 1)
    if not known <= start <= end <= today:
        fail(f"{start} to {end}: choose days from {known}, when the first file arrived, to today, {today}", 1)
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
        fail(f"{text}: expected a date as YYYY-MM-DD", 2)


def _has_extracts(place: Home) -> bool:
    """Whether anything is in landing, or was before it was archived."""
    from dagster_project.ingestion import read_deliveries

    return any(path.is_file() for path in place.landing.rglob("*")) or read_deliveries(place).num_rows > 0


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
        fail(f"data rejected: {verdict} See `omnivue quarantine list`. {unchanged}", 3)
    except GateFailed as verdict:
        fail(f"gate failed: {verdict}. {unchanged} Details: `omnivue checks`, or {docs.as_uri()}", 4)
    except KeyboardInterrupt:
        fail("interrupted. What is published is whole; `omnivue run` repairs what was left half done.", 130)
    except Exception as error:
        busy = find(error, RunBusy) or find(error, WarehouseBusy)
        if busy is not None:
            fail(str(busy), 6)
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
        fail(f"stopped: {what}. The current release stays as it was.{kept}", 5)
    lines = str(error).strip().splitlines()
    fail(
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
    table = folding_table("", "", show_header=False)
    table.add_row("rows in", f"{rows:,} from {current.num_rows:,} files")
    table.add_row("quarantine", counted({OUTCOMES[name]: count for name, count in refusals.items()}) or "empty")
    # One row is the member `unknown`.
    table.add_row("customers", f"{release.table('dim_customers').rows - 1:,}")
    restated = next((step.counts["restated_customers"] for step in outcome.steps if step.step == "identity"), 0)
    if restated:
        table.add_row("restated", f"{restated:,} customers, whose records moved: omnivue identity history")
    table.add_row("checks", counted(release.run.checks))
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


def _number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
