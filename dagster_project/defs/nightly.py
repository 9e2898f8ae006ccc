"""`omnivue run`: the job `nightly` in this process, the very one the schedule runs, and what came of it."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from dagster_project.defs.errors import DataRejected, GateFailed, find
from dagster_project.defs.home import prepare_dagster_home
from dagster_project.defs.pipeline import Pipeline, StepReport
from dagster_project.defs.schedules import NIGHTLY
from dagster_project.publishing import PostgresError, Release, current_release, run_lock
from dagster_project.settings import Home, Settings

_BY_HAND = {"omnivue/trigger": "command line"}


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
) -> Outcome:
    """Run the job over `home`; `tell` hears of every step as it ends. The `definitions` are loaded once no other run is
    at work: dbt's folder is read and written for them.

    Raises DataRejected, GateFailed or publishing.RunBusy with a sentence for people; anything else is a crash, which
    running again repairs. Runs and their events are kept in Dagster's home and shown by its UI.
    """
    steps: list[StepReport] = []

    def hear(report: StepReport) -> None:
        steps.append(report)
        tell(report)

    # Of steps skipped because nothing is new, Dagster warns that their checks did not report.
    logging.getLogger("dagster._core.execution.plan.active").setLevel(logging.ERROR)
    pipeline = Pipeline(home, settings, rebuild, hear)
    unserved: PostgresError | None = None
    with run_lock(home, started_at=dt.datetime.now(dt.UTC)):
        prepare_dagster_home(home)
        end_dead_runs()
        job = definitions().resolve_job_def(NIGHTLY)
        try:
            with dg.DagsterInstance.get() as instance:
                job.execute_in_process(
                    instance=instance,
                    resources={"pipeline": pipeline},
                    run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
                    tags=_BY_HAND,
                )
        except Exception as error:
            cause = find(error, DataRejected) or find(error, GateFailed) or pipeline.failure
            if isinstance(cause, PostgresError):
                unserved = cause
            elif cause is None:
                raise
            else:
                raise cause from error
    is_new = any(report.step == "publication" for report in steps)
    docs = home.docs / "data_docs" / "index.html"
    return Outcome(current_release(home), is_new, tuple(steps), docs, unserved)


def end_dead_runs() -> None:
    """Have Dagster know that runs of the command line which did not end are dead. The caller holds the run lock and has
    prepared Dagster's home.

    Nobody watches the process of such a run: Dagster would take a killed one to be at work forever, and, as it starts
    one run at a time, never start a scheduled one again.
    """
    with dg.DagsterInstance.get() as instance:
        unfinished = dg.RunsFilter(tags=_BY_HAND, statuses=list(NOT_FINISHED_STATUSES))
        for run in instance.get_runs(unfinished):
            instance.report_run_failed(run, "The process of this run was killed; the next run repaired what it left.")
