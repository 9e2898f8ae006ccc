"""`omnivue run` and `omnivue backfill`: the jobs of the daemon in this process, and what came of them."""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg

from dagster_project.alerts import Receipt
from dagster_project.defs.errors import DataRejected, GateFailed, find
from dagster_project.defs.home import prepare_dagster_home
from dagster_project.defs.pipeline import Count, Pipeline, StepReport
from dagster_project.defs.schedules import BACKFILL, BY_DAY, NIGHTLY
from dagster_project.defs.watch import COMMAND_LINE, TRIGGER_TAG, close_dead_runs, tell_of_crash, tell_of_run
from dagster_project.publishing import PostgresError, Release, current_release, run_lock
from dagster_project.settings import Home, Settings


@dataclass(frozen=True)
class Outcome:
    """A run that ended well. `is_new` is False when nothing was new; `release` is the current one. `unserved` says why
    PostgreSQL, where it is used, does not serve it yet."""

    release: Release | None
    is_new: bool
    steps: tuple[StepReport, ...]
    data_docs: Path
    unserved: PostgresError | None = None


def run_nightly(
    definitions: Callable[[], dg.Definitions],
    home: Home,
    settings: Settings,
    *,
    rebuild: bool = False,
    tell: Callable[[StepReport], None] = lambda _: None,
    told: Callable[[Receipt], None] = lambda _: None,
) -> Outcome:
    """Run the job over `home`; `tell` hears of every step as it ends, `told` what became of the alerts of the run. The
    `definitions` are loaded once no other run is at work: dbt's folder is read and written for them.

    Raises DataRejected, GateFailed or publishing.RunBusy with a sentence for people, and KeyboardInterrupt when the
    process is told to end (SIGINT, SIGTERM); anything else is a crash, which running again repairs. Runs and their
    events are kept in Dagster's home and shown by its UI.
    """
    steps: list[StepReport] = []

    def hear(report: StepReport) -> None:
        steps.append(report)
        tell(report)

    pipeline = Pipeline(home, settings, rebuild, hear)
    unserved: PostgresError | None = None
    try:
        _run(NIGHTLY, definitions, pipeline, told)
    except PostgresError as error:
        unserved = error
    is_new = any(report.step == "publication" for report in steps)
    docs = home.docs / "data_docs" / "index.html"
    return Outcome(current_release(home), is_new, tuple(steps), docs, unserved)


def run_backfill(
    definitions: Callable[[], dg.Definitions],
    home: Home,
    settings: Settings,
    first: dt.date,
    last: dt.date,
    *,
    extract: str | None = None,
    told: Callable[[Receipt], None] = lambda _: None,
) -> Mapping[str, Count]:
    """Take in again what arrived from `first` to `last` (both included) by the job `backfill`; returns what ingestion
    counted. Raises as `run_nightly` does."""
    steps: list[StepReport] = []
    op = BY_DAY.to_python_identifier()
    _run(
        BACKFILL,
        definitions,
        Pipeline(home, settings, tell=steps.append),
        told,
        run_config={"ops": {op: {"config": {"extract": extract}}}},
        tags={
            "dagster/asset_partition_range_start": first.isoformat(),
            "dagster/asset_partition_range_end": last.isoformat(),
        },
    )
    return steps[-1].counts


def _run(
    job: str,
    definitions: Callable[[], dg.Definitions],
    pipeline: Pipeline,
    told: Callable[[Receipt], None],
    *,
    run_config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
) -> None:
    """Run a job in this process, alone in its home; who is named hears of it. Raises the verdict, or what a step
    raised before the orchestrator wrapped it."""
    # Of steps skipped because nothing is new, Dagster warns that their checks did not report.
    logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)
    home, run_id = pipeline.home, str(uuid.uuid4())
    with run_lock(home, started_at=dt.datetime.now(dt.UTC)):
        prepare_dagster_home(home)
        try:
            resolved = definitions().resolve_job_def(job)
        except Exception as error:
            _pass_on(tell_of_crash(home, error), told)
            raise
        with dg.DagsterInstance.get() as instance:
            close_dead_runs(instance, home)
            try:
                resolved.execute_in_process(
                    instance=instance,
                    resources={"pipeline": pipeline},
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}} | dict(run_config or {}),
                    run_id=run_id,
                    # Who called starts it again, not the daemon.
                    tags={TRIGGER_TAG: COMMAND_LINE, "dagster/max_retries": "0"} | dict(tags or {}),
                )
            except dg.DagsterExecutionInterruptedError as error:
                raise KeyboardInterrupt from error
            except Exception as error:
                cause = find(error, DataRejected) or find(error, GateFailed) or pipeline.failure
                if cause is None:
                    raise
                raise cause from error
            finally:
                _pass_on(tell_of_run(instance, run_id, home), told)


def _pass_on(receipts: Iterable[Receipt], told: Callable[[Receipt], None]) -> None:
    for receipt in receipts:
        told(receipt)
