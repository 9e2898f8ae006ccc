"""The `omnivue` command: what a person types. Each verb gathers its input, calls one room and prints the outcome.

Verbs are in modules of their names, or of what they have in common. Imports of the rooms stay inside the verbs, so that
`--help` answers at once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import metadata
from typing import Annotated

import typer

from dagster_project.cli import (
    alerts,
    attribution,
    checks,
    contracts,
    customer,
    evaluate,
    identity,
    jobs,
    quarantine,
    releases,
    upkeep,
)
from dagster_project.cli.terminal import EXIT_CODES, fail, out
from dagster_project.settings import SettingsError, home

app = typer.Typer(
    name="omnivue",
    help="Omnivue turns a retailer's nightly extracts into one trustworthy view of its customers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(jobs.simulate)
app.command(epilog=EXIT_CODES)(jobs.run)
app.command(epilog=EXIT_CODES)(jobs.backfill)
app.command()(checks.checks)
app.command()(customer.customer)
app.command()(attribution.attribution)
app.command()(upkeep.catalogue)
# What follows `dbt` is dbt's own.
app.command("dbt", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(upkeep.dbt_command)
app.command()(upkeep.clean)
app.command()(upkeep.ui)
app.command()(upkeep.doctor)
app.add_typer(quarantine.group, name="quarantine")
app.add_typer(releases.group, name="releases")
app.add_typer(contracts.group, name="contracts")
app.add_typer(evaluate.group, name="evaluate")
app.add_typer(identity.group, name="identity")
app.add_typer(alerts.group, name="alerts")


def main(words: Sequence[str] | None = None) -> None:
    """Entry point of the console script, for `words` or the process's own arguments: wrong settings and a warehouse
    that lacks something become one sentence and exit code 1, a full disk and files that may not be used one and exit
    code 5, another process at work one and exit code 6."""
    os.environ.setdefault("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "true")
    try:
        app(words)
    except SettingsError as error:
        fail(str(error), 1)
    except OSError as error:
        from dagster_project.warehouse import remedy

        if (what := remedy(error, home().root)) is None:
            raise
        fail(f"stopped: {what}.", 5)
    except RuntimeError as error:
        from dagster_project.publishing import RunBusy
        from dagster_project.warehouse import WarehouseBusy, WarehouseError

        if isinstance(error, RunBusy | WarehouseBusy):
            fail(str(error), 6)
        if isinstance(error, WarehouseError):
            fail(str(error), 1)
        raise


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
