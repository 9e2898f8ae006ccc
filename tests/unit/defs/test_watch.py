"""Who hears of which run: once, in order, and also of a run that cannot say so itself."""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from dagster_project.defs import watch
from dagster_project.defs.errors import DataRejected, GateFailed
from dagster_project.defs.home import prepare_dagster_home
from dagster_project.defs.outcomes import NEGATIVE_ANSWERS
from dagster_project.publishing import PostgresError, RunBusy, run_lock
from dagster_project.settings import Home

if TYPE_CHECKING:
    from conftest import Webhook


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, webhook: Webhook) -> Home:
    monkeypatch.setenv("DAGSTER_HOME", "/nowhere")
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("OMNIVUE_HOME", str(tmp_path / "shop"))
    monkeypatch.setenv("OMNIVUE_ALERT_WEBHOOK", webhook.url)
    place = Home(tmp_path / "shop").create()
    prepare_dagster_home(place)
    return place


@pytest.fixture
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.get() as opened:
        yield opened


def night(instance: dg.DagsterInstance, *errors: Exception, negative: bool = False, job: str = "nightly") -> str:
    """A run of a job whose steps raise `errors` as the real ones do; its id."""

    @dg.asset
    def surveys() -> None: ...

    @dg.asset_check(asset=surveys, name=NEGATIVE_ANSWERS)
    def check() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(
            passed=not negative, severity=dg.AssetCheckSeverity.WARN, description="2 new negative answers"
        )

    @dg.asset(deps=[surveys])
    def release(context) -> None:  # type: ignore[no-untyped-def]  # Dagster reads no postponed annotation
        context.instance.add_run_tags(context.run.run_id, {"omnivue/release": "000007-2026-11-01"})

    def failing(number: int, error: Exception) -> dg.AssetsDefinition:
        @dg.asset(name=f"step_{number}", deps=[release] if isinstance(error, PostgresError) else [surveys])
        def step() -> None:
            if isinstance(error, DataRejected):
                raise dg.Failure(str(error), allow_retries=False) from error
            if isinstance(error, GateFailed):
                raise dg.Failure(f"{error}. See docs", allow_retries=False) from error
            raise error

        return step

    steps = [failing(number, error) for number, error in enumerate(errors)]
    published = not errors or any(isinstance(error, PostgresError) for error in errors)
    definitions = dg.Definitions(
        assets=[surveys, *([release] if published else []), *steps],
        asset_checks=[check],
        jobs=[dg.define_asset_job(job, executor_def=dg.in_process_executor)],
    )
    return definitions.resolve_job_def(job).execute_in_process(instance=instance, raise_on_error=False).run_id


def look(instance: dg.DagsterInstance, cursor: str | None = "0") -> str:
    context = dg.build_sensor_context(instance=instance, cursor=cursor)
    watch.run_watch(context)
    return context.cursor or ""


@pytest.mark.parametrize(
    ("error", "kind", "summary"),
    [
        (DataRejected("shop_orders: 9 of 100 rows"), "data_rejected", "data rejected: shop_orders: 9 of 100 rows"),
        (GateFailed("marts.kpi_nps: expected more"), "gate_failed", "gate failed: marts.kpi_nps: expected more"),
        (
            PostgresError("PostgreSQL cannot be reached: refused"),
            "postgres_not_served",
            "published, but PostgreSQL does not serve it yet: PostgreSQL cannot be reached: refused",
        ),
        (
            OSError(28, "No space left on device", "/srv/jean.dupont"),
            "run_crashed",
            "crashed in step 'step_0': OSError [Errno 28] No space left on device",
        ),
        (ValueError("cannot read jean.dupont@example.org"), "run_crashed", "crashed in step 'step_0': ValueError"),
    ],
)
def test_the_message_says_why_and_quotes_no_row(
    instance: dg.DagsterInstance, home: Home, webhook: Webhook, error: Exception, kind: str, summary: str
) -> None:
    run_id = night(instance, error)
    watch.tell_of_run(instance, run_id, home)
    (told,) = webhook.taken
    assert (told["kind"], told["summary"], told["run_id"], told["home"]) == (kind, summary, run_id, "shop")
    assert "dupont" not in str(told)


def test_of_several_reasons_the_verdict_is_told(instance: dg.DagsterInstance, home: Home, webhook: Webhook) -> None:
    watch.tell_of_run(instance, night(instance, ValueError("x"), GateFailed("core.fct_orders: expected y")), home)
    assert [told["kind"] for told in webhook.taken] == ["gate_failed"]


def test_nobody_is_told_twice_whoever_comes_second(instance: dg.DagsterInstance, home: Home, webhook: Webhook) -> None:
    run_id = night(instance, GateFailed("x"))
    assert len(watch.tell_of_run(instance, run_id, home)) == 1
    assert watch.tell_of_run(instance, run_id, home) == []
    look(instance)
    look(instance)
    assert len(webhook.taken) == 1
    tags = instance.get_run_by_id(run_id).tags  # type: ignore[union-attr]
    assert tags["omnivue/outcome"] == "gate_failed"
    assert tags["omnivue/alerted"] == "gate_failed: 1 of 1 messages taken"


def test_the_sensor_tells_in_the_order_of_the_runs_and_not_of_history(
    instance: dg.DagsterInstance, webhook: Webhook
) -> None:
    night(instance, GateFailed("long ago"))
    cursor = look(instance, None)
    assert webhook.taken == []
    failed, works = night(instance, DataRejected("x")), night(instance)
    cursor = look(instance, cursor)
    night(instance)
    look(instance, cursor)
    assert [(told["kind"], told["run_id"]) for told in webhook.taken] == [
        ("data_rejected", failed),
        ("recovered", works),
    ]


def test_recovered_is_told_after_a_run_in_between_that_was_busy(
    instance: dg.DagsterInstance, home: Home, webhook: Webhook
) -> None:
    for errors in ([OSError(5, "Input/output error")], [RunBusy("another run is at work")], []):
        watch.tell_of_run(instance, night(instance, *errors), home)
    assert [told["kind"] for told in webhook.taken] == ["run_crashed", "recovered"]
    assert webhook.taken[1]["summary"] == "works again after: crashed."


def test_customers_to_call_back_are_told_of_once_they_are_published(
    instance: dg.DagsterInstance, home: Home, webhook: Webhook
) -> None:
    watch.tell_of_run(instance, night(instance, GateFailed("x"), negative=True), home)
    watch.tell_of_run(instance, night(instance, negative=True), home)
    assert [told["kind"] for told in webhook.taken] == ["gate_failed", "recovered", "negative_answers"]
    assert webhook.taken[2]["summary"] == "2 new negative answers"


def test_a_receiver_that_is_down_is_written_into_the_log_of_the_run(
    instance: dg.DagsterInstance, home: Home, webhook: Webhook
) -> None:
    webhook.status = 500
    run_id = night(instance, GateFailed("x"))
    (receipt,) = watch.tell_of_run(instance, run_id, home)
    assert receipt.problem == "answered 500"
    log = "\n".join(entry.user_message or entry.message for entry in instance.all_logs(run_id))
    assert "Alert gate_failed. webhook 1 (127.0.0.1): answered 500" in log
    assert "hush" not in log


def test_wrong_settings_do_not_keep_the_environments_webhook_from_hearing(
    instance: dg.DagsterInstance, home: Home, webhook: Webhook
) -> None:
    home.settings_file.write_text("windows: {active_days: soon}", encoding="utf-8")
    watch.tell_of_run(instance, night(instance, GateFailed("x")), home)
    assert len(webhook.taken) == 1


def _killed_run(home: Home) -> None:
    """A run of the command line that holds the lock, and is killed in the middle of a step."""
    code = """
import datetime as dt, os, signal, dagster as dg
from pathlib import Path
from dagster_project.publishing import run_lock
from dagster_project.settings import Home
@dg.op
def step(): os.kill(os.getpid(), signal.SIGKILL)
@dg.job(executor_def=dg.in_process_executor)
def nightly(): step()
home = Home(Path(os.environ["OMNIVUE_HOME"]))
with run_lock(home, started_at=dt.datetime.now(dt.UTC)), dg.DagsterInstance.get() as i:
    nightly.execute_in_process(instance=i, tags={"omnivue/trigger": "command line"})
"""
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | {"PYTHONWARNINGS": "ignore"}, check=False)
    assert done.returncode == -signal.SIGKILL


@pytest.mark.parametrize("by", ["sensor", "next run"])
def test_a_run_that_was_killed_is_closed_and_told_of(
    instance: dg.DagsterInstance, home: Home, webhook: Webhook, by: str
) -> None:
    _killed_run(home)
    (stuck,) = instance.get_runs()
    assert stuck.status == dg.DagsterRunStatus.STARTED
    act: dict[str, Callable[[], object]] = {
        "sensor": lambda: look(instance),
        "next run": lambda: watch.close_dead_runs(instance, home),
    }
    act[by]()
    act[by]()
    (closed,) = instance.get_runs()
    assert closed.status == dg.DagsterRunStatus.FAILURE
    assert [(told["kind"], told["summary"]) for told in webhook.taken] == [
        ("run_crashed", "the process of the run is gone: killed, out of memory, or the machine stopped")
    ]


def test_a_run_that_is_at_work_is_left_alone(instance: dg.DagsterInstance, home: Home, webhook: Webhook) -> None:
    _killed_run(home)
    with run_lock(home, started_at=dt.datetime.now(dt.UTC)):
        look(instance)
    (run,) = instance.get_runs()
    assert run.status == dg.DagsterRunStatus.STARTED
    assert webhook.taken == []
