"""Who hears of a run, once: what `omnivue run` calls when it ends, and a sensor of the daemon for every other run.

Both call `tell_of_run`. It marks the run with the tag `omnivue/outcome`, under a lock, before anything is sent: whoever
comes second finds the tag and is silent, so nobody is told twice. A run that died without a word is found by the
sensor, or by the next `omnivue run`: only a run that is at work holds the home's lock.
"""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Sequence

import dagster as dg
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from dagster_project.alerts import Alert, Kind, Receipt, send
from dagster_project.defs.outcomes import RELEASE_TAG, Ending, Outcome, outcome_of
from dagster_project.defs.schedules import BACKFILL, NIGHTLY
from dagster_project.publishing import ReleaseError, RunBusy, current_release, run_lock
from dagster_project.publishing.locks import file_lock
from dagster_project.settings import Alerts, Home, SettingsError, home, load_settings, shipped_settings

OUTCOME_TAG, ALERTED_TAG = "omnivue/outcome", "omnivue/alerted"
TRIGGER_TAG, COMMAND_LINE = "omnivue/trigger", "command line"
JOBS = (NIGHTLY, BACKFILL)
_AT_WORK = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)
# A run between its last step and its end holds no lock any more, and one that just started holds none yet.
SILENT_SECONDS = 120
_ALERTS: dict[Ending, tuple[Kind, str]] = {
    "data_rejected": ("data_rejected", "data rejected: {}"),
    "gate_failed": ("gate_failed", "gate failed: {}"),
    "crashed": ("run_crashed", "{}"),
    "postgres_not_served": ("postgres_not_served", "published, but PostgreSQL does not serve it yet: {}"),
}
_log = logging.getLogger(__name__)


def tell_of_run(instance: dg.DagsterInstance, run_id: str, home: Home) -> list[Receipt]:
    """Tell of a run that ended, unless somebody did already: why it failed, that the one before had failed, and of
    customers to call back. What became of the messages stands in the run's log and its tag `omnivue/alerted`.

    Never raises: who cannot be told is no reason for a run to fail."""
    try:
        return _tell(instance, run_id, home)
    except Exception as error:
        _log.warning(f"nobody was told of run {run_id}: {type(error).__name__}")
        return [Receipt("alerts", f"could not be made ({type(error).__name__})")]


def tell_of_crash(home: Home, error: BaseException) -> list[Receipt]:
    """Tell of what failed before there was a run."""
    summary = f"crashed before its first step: {type(error).__name__}"
    return send([_alert(home, _alerts(home), "run_crashed", summary, job=NIGHTLY)], _alerts(home))


def say_hello(home: Home, settings: Alerts) -> list[Receipt]:
    """Send a test message to every receiver."""
    return send([_alert(home, settings, "test", "a test: alerts of this home arrive here.")], settings)


def close_dead_runs(instance: dg.DagsterInstance, home: Home) -> list[str]:
    """Mark as failed, and tell of, runs that Dagster takes to be going on though their process is gone; their ids. The
    caller holds the run lock.

    Nobody but this watches a run of the command line. Dagster starts one run at a time: of one that was killed it would
    wait for the end forever."""
    dead = [
        run
        for job in JOBS
        for run in instance.get_runs(dg.RunsFilter(job_name=job, statuses=list(NOT_FINISHED_STATUSES)))
        if run.tags.get(TRIGGER_TAG) == COMMAND_LINE or (run.status in _AT_WORK and _is_silent(instance, run))
    ]
    for run in dead:
        instance.report_run_failed(
            run, "The process of this run ended without a word: nobody holds the lock of the home."
        )
        tell_of_run(instance, run.run_id, home)
    return [run.run_id for run in dead]


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells the receivers of the setting `alerts` how runs ended, and closes runs whose process is gone.",
)
def run_watch(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    place, instance = home(), context.instance
    try:
        if _going_on(instance):
            with run_lock(place, started_at=dt.datetime.now(dt.UTC)):
                close_dead_runs(instance, place)
    except RunBusy:
        pass
    now = time.time()
    if context.cursor is None:
        # What ended before somebody watched is history.
        context.update_cursor(str(now))
        return dg.SkipReason("watches from now on")
    since = dt.datetime.fromtimestamp(float(context.cursor), dt.UTC)
    ended = [
        record
        for job in JOBS
        for record in instance.get_run_records(
            dg.RunsFilter(
                job_name=job, statuses=[dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE], updated_after=since
            )
        )
        if OUTCOME_TAG not in record.dagster_run.tags
    ]
    for record in sorted(ended, key=lambda record: record.end_time or 0.0):
        for receipt in tell_of_run(instance, record.dagster_run.run_id, place):
            context.log.info(str(receipt))
    # Runs whose end was being written while this looked are found the next time.
    context.update_cursor(str(max(float(context.cursor), now - 60)))
    return dg.SkipReason(f"{len(ended)} runs ended")


def _tell(instance: dg.DagsterInstance, run_id: str, home: Home) -> list[Receipt]:
    with file_lock(home.dagster / "watch.lock"):
        run = instance.get_run_by_id(run_id)
        outcome = None if run is None or OUTCOME_TAG in run.tags else outcome_of(instance, run)
        if run is None or outcome is None:
            return []
        instance.add_run_tags(run_id, {OUTCOME_TAG: outcome.ending})
    settings = _alerts(home)
    alerts = _alerts_of(instance, run, outcome, home, settings)
    receipts = send(alerts, settings) if alerts else []
    if receipts:
        kinds = ", ".join(alert.kind for alert in alerts)
        taken = sum(receipt.problem is None for receipt in receipts)
        instance.add_run_tags(run_id, {ALERTED_TAG: f"{kinds}: {taken} of {len(receipts)} messages taken"})
        instance.report_engine_event(f"Alert {kinds}. " + "; ".join(map(str, receipts)), run)
    return receipts


def _alerts_of(
    instance: dg.DagsterInstance, run: dg.DagsterRun, outcome: Outcome, home: Home, settings: Alerts
) -> list[Alert]:
    told: list[tuple[Kind, str]] = []
    if outcome.ending in _ALERTS:
        kind, text = _ALERTS[outcome.ending]
        told.append((kind, text.format(outcome.sentence)))
    elif outcome.ending != "busy" and (before := _failed_before(instance, run, home)) is not None:
        told.append(("recovered", f"works again after: {before.replace('_', ' ')}."))
    if outcome.negative_answers is not None:
        told.append(("negative_answers", outcome.negative_answers))
    release = run.tags.get(RELEASE_TAG)
    return [_alert(home, settings, kind, text, job=run.job_name, run=run, release=release) for kind, text in told]


def _failed_before(instance: dg.DagsterInstance, run: dg.DagsterRun, home: Home) -> Ending | None:
    """How the run of this job before `run` failed; None when it did not. One that was busy did nothing."""
    own = instance.get_run_record_by_id(run.run_id)
    if own is None:
        return None
    finished = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE]
    earlier = instance.get_run_records(
        dg.RunsFilter(job_name=run.job_name, statuses=finished, created_before=own.create_timestamp), limit=20
    )
    for record in earlier:
        if record.dagster_run.run_id == run.run_id:
            continue
        if record.dagster_run.status == dg.DagsterRunStatus.SUCCESS:
            return None
        # The sensor may not have come to it yet: first things first.
        tell_of_run(instance, record.dagster_run.run_id, home)
        ending = _ending(instance, record.dagster_run.run_id)
        if ending in _ALERTS:
            return ending
    return None


def _ending(instance: dg.DagsterInstance, run_id: str) -> Ending | None:
    run = instance.get_run_by_id(run_id)
    return run.tags.get(OUTCOME_TAG) if run is not None else None  # type: ignore[return-value]


def _alert(
    home: Home,
    settings: Alerts,
    kind: Kind,
    summary: str,
    *,
    job: str | None = None,
    run: dg.DagsterRun | None = None,
    release: str | None = None,
) -> Alert:
    docs = home.docs / "data_docs" / "index.html"
    try:
        current = release or getattr(current_release(home), "id", None)
    except ReleaseError:
        current = None
    return Alert(
        kind=kind,
        summary=summary,
        home=settings.home or home.root.name,
        job=job,
        run_id=run.run_id if run else None,
        release_id=current,
        data_docs=docs.as_uri() if docs.exists() else None,
    )


def _alerts(home: Home) -> Alerts:
    """Who is to be told. Settings that cannot be used are a reason to tell, so the webhooks of the environment hear of
    them."""
    try:
        return load_settings(home.settings_file).alerts
    except SettingsError:
        return shipped_settings().alerts


def _going_on(instance: dg.DagsterInstance) -> Sequence[dg.DagsterRun]:
    filters = [dg.RunsFilter(job_name=job, statuses=list(_AT_WORK)) for job in JOBS]
    return [run for each in filters for run in instance.get_runs(each)]


def _is_silent(instance: dg.DagsterInstance, run: dg.DagsterRun) -> bool:
    last = instance.get_records_for_run(run.run_id, limit=1, ascending=False).records
    return not last or time.time() - last[0].event_log_entry.timestamp > SILENT_SECONDS
