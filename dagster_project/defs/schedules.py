"""When the night runs: one job, a schedule at two in the morning and a sensor on the landing folder, both off at first.

Switch either on in the UI (`make ui`, Automation), or run `omnivue run` from cron: one of them is enough.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import dagster as dg

from dagster_project.settings import home

NIGHTLY, BACKFILL = "nightly", "backfill"
BY_DAY = dg.AssetKey(["landing", "deliveries_by_day"])

nightly = dg.define_asset_job(
    NIGHTLY,
    # One run, not one per day: what is taken in again by the day is the job `backfill`.
    selection=dg.AssetSelection.all() - dg.AssetSelection.assets(BY_DAY),
    description="Everything once: ingest, build, gate, publish. Ends after ingestion when nothing is new.",
    # One process: the warehouse file has one writer, and each further process costs eight seconds of imports.
    executor_def=dg.in_process_executor,
    # Of a run whose process died; a step that failed is a verdict or would fail again, and says so.
    tags={"dagster/max_retries": "1"},
)

nightly_schedule = dg.ScheduleDefinition(
    name="nightly_at_two",
    job=nightly,
    cron_schedule="0 2 * * *",
    execution_timezone="Europe/Paris",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every night at 02:00 in Paris. Off until switched on.",
    tags={"omnivue/trigger": "schedule"},
)


@dg.sensor(
    job=nightly,
    minimum_interval_seconds=300,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Runs the night once newly arrived files have stayed the same for two looks. Off until switched on.",
)
def new_extracts(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    listing = landing_listing(home().landing)
    seen, _, requested = (context.cursor or "").partition(" ")
    if not listing or listing == requested:
        return dg.SensorResult(skip_reason="no file arrived since the last run", cursor=f"{listing} {requested}")
    if listing != seen:
        return dg.SensorResult(skip_reason="files are still arriving", cursor=f"{listing} {requested}")
    request = dg.RunRequest(run_key=listing, tags={"omnivue/trigger": "sensor"})
    return dg.SensorResult(run_requests=[request], cursor=f"{listing} {listing}")


def landing_listing(landing: Path) -> str:
    """Digest of the names and sizes of the landed files, empty without a file. Modification times are never read."""
    files = sorted(
        (path.relative_to(landing).as_posix(), path.stat().st_size)
        for path in landing.glob("*/*/*")
        if path.is_file() and not path.name.startswith(".")
    )
    digest = hashlib.sha256(repr(files).encode()).hexdigest()
    return digest if files else ""
