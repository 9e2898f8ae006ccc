"""What keeps an installation in order: the UI, the doctor, the catalogue, dbt by hand, cleaning, alerts."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from dagster_project.cli.terminal import fail, open_home, out
from dagster_project.settings import Home, Settings, home


def catalogue(
    output: Annotated[Path | None, typer.Option(help="Where to write it; default: docs in OMNIVUE_HOME.")] = None,
) -> None:
    """Write the KPI catalogue, an HTML page: each KPI's formula, window, date basis, owner, caveats, and what adds up.

    Every run writes it, too, beside the Data Docs. Windows and thresholds are those of your settings."""
    from dagster_project.publishing import CATALOGUE, CatalogueError, write_catalogue

    place, settings = open_home()
    try:
        page = write_catalogue(output or place.docs / CATALOGUE, settings)
    except (CatalogueError, OSError) as error:
        fail(f"catalogue: {error}", 1)
    out.print(f"KPI catalogue: {page.resolve().as_uri()}", soft_wrap=True)


def dbt_command(context: typer.Context) -> None:
    """Any dbt command with Omnivue's settings, for example `omnivue dbt parse` or `omnivue dbt docs generate`."""
    from dagster_project.defs.dbt_project import DbtError, DbtProject
    from dagster_project.defs.pipeline import Pipeline

    place, settings = open_home()
    place.create()
    if not context.args:
        fail("name a dbt command, for example `omnivue dbt parse`; `dbt --help` lists them", 1)
    try:
        code = DbtProject(place, settings).command(context.args, Pipeline(place, settings).plan())
    except DbtError as error:
        fail(str(error), 2)
    sys.exit(code)


def clean() -> None:
    """Remove what a run rebuilds: lake, warehouse, quarantine, docs. Landing, ledger, directory and releases stay."""
    from dagster_project.publishing import run_lock

    place, settings = open_home()
    with run_lock(place, started_at=dt.datetime.now(dt.UTC)):
        _clean(place, settings)


def _clean(place: Home, settings: Settings) -> None:
    from dagster_project.warehouse import LakeError, open_lake

    if settings.lake.uri is not None:
        lake = open_lake(place, settings)
        try:
            lake.clear()
        except LakeError as error:
            fail(str(error), 1)
        out.print(f"removed {lake.root}/raw", soft_wrap=True)
    for path in (place.lake, place.quarantine, place.warehouse.parent, place.quality, place.docs, place.dbt):
        if path.exists():
            shutil.rmtree(path)
            out.print(f"removed {path}")


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
    # `dagster dev` would recommend another command that scaffolds projects; this one serves ours.
    quiet = ("ignore:Function `dev_command` is superseded", os.environ.get("PYTHONWARNINGS"))
    environment = os.environ | {
        "OMNIVUE_HOME": str(place.root),
        "DAGSTER_HOME": str(place.dagster),
        "PYTHONWARNINGS": ",".join(filter(None, quiet)),
    }
    dagster = Path(sys.executable).with_name("dagster")
    out.print(f"The Dagster UI is starting, half a minute: http://127.0.0.1:{port} (stop with Ctrl-C)", soft_wrap=True)
    command = [str(dagster), "dev", "-w", str(workspace), "-h", "127.0.0.1", "-p", str(port)]
    os.chdir(place.dagster)
    # Dagster ends by `kill` as it does by Ctrl-C, which a script that starts it with `&` has it ignore.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    # In the place of this process: who ends it ends the web server and the daemon, too.
    os.execve(dagster, command, environment)


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
