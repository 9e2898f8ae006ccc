"""`omnivue alerts`: who hears of a run that failed."""

from __future__ import annotations

import sys

import typer
from rich.markup import escape

from dagster_project.cli.terminal import fail, open_home, out
from dagster_project.settings import ALERT_WEBHOOK

group = typer.Typer(no_args_is_help=True, help="Who hears of a run that failed (setting `alerts`).")


@group.command("test")
def alerts_test() -> None:
    """Send a test message to every receiver of the setting `alerts`, and say who took it."""
    from dagster_project.defs.watch import say_hello

    place, settings = open_home()
    receipts = say_hello(place, settings.alerts)
    if not receipts:
        fail(
            f"nobody would hear: set alerts.webhooks or alerts.email in {place.settings_file}, or export "
            f"{ALERT_WEBHOOK}=https://...",
            1,
        )
    for receipt in receipts:
        out.print(escape(str(receipt)), soft_wrap=True)
    if any(receipt.problem is not None for receipt in receipts):
        sys.exit(1)
