"""Arrival dates are partitions: the night notes those it read, a back-fill reads them again, in one run and alone."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.defs.errors import DataRejected
from dagster_project.defs.nightly import run_backfill
from dagster_project.defs.pipeline import Pipeline
from dagster_project.defs.run_plan import RunPlan
from dagster_project.defs.schedules import BY_DAY
from dagster_project.publishing import RunBusy, run_lock
from dagster_project.settings import Home, shipped_settings

HEAD = "magasin;date;heure;entrees;sorties;etat;export_batch\n"
GOOD = "PAR01;01/10/2026;{hour};3;2;OK;v2\n"


class Ingesting(Pipeline):
    """Takes in what landed, and builds nothing of it."""

    def ingest(self) -> RunPlan:
        plan = super().ingest()
        return RunPlan(plan.as_of, plan.data_through, plan.code_version, plan.input_digest, plan.input_digest)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "true")
    monkeypatch.setenv("OMNIVUE_HOME", str(tmp_path))
    place = Home(tmp_path).create()
    for day in (5, 6, 8):
        deliver(place, day, GOOD.format(hour=day))
    return place


def deliver(home: Home, day: int, rows: str) -> None:
    folder = home.landing / "store_footfall" / f"2026-10-0{day}"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"comptage_2026-10-0{day - 1}.csv").write_text(HEAD + rows, encoding="utf-8")


@pytest.fixture
def definitions(home: Home) -> dg.Definitions:
    """The door alone, over this home: its partitions begin where its files do."""
    with warnings.catch_warnings():
        # dagster_dbt imports a package that warns of itself.
        warnings.simplefilter("ignore", DeprecationWarning)
        from dagster_project.defs.backfill import backfill
        from dagster_project.defs.landing import landing
        from dagster_project.defs.resources import pipeline

    door = dg.AssetSelection.assets(["raw", "store_footfall"]).required_multi_asset_neighbors()
    night = dg.define_asset_job("nightly", door, executor_def=dg.in_process_executor)
    return dg.Definitions.merge(landing(), backfill(), dg.Definitions(jobs=[night], resources={"pipeline": pipeline}))


@pytest.fixture
def instance(home: Home) -> Iterator[dg.DagsterInstance]:
    home.dagster.mkdir(exist_ok=True)
    with dg.DagsterInstance.ephemeral() as opened:
        yield opened


def take_in(definitions: dg.Definitions, home: Home, instance: dg.DagsterInstance) -> None:
    job = definitions.resolve_job_def("nightly")
    job.execute_in_process(instance=instance, resources={"pipeline": Ingesting(home, shipped_settings())})


def noted(instance: dg.DagsterInstance, key: dg.AssetKey = BY_DAY) -> list[tuple[str | None, object]]:
    records = instance.fetch_materializations(key, limit=100, ascending=True).records
    found = [record.asset_materialization for record in records]
    return [(event.partition, event.metadata["rows_loaded"].value) for event in found if event]


def test_the_night_notes_the_days_it_read_and_no_others(
    definitions: dg.Definitions, home: Home, instance: dg.DagsterInstance
) -> None:
    take_in(definitions, home, instance)
    assert noted(instance) == [("2026-10-05", 1), ("2026-10-06", 1), ("2026-10-08", 1)]
    deliver(home, 7, GOOD.format(hour=7) + GOOD.format(hour=8))
    take_in(definitions, home, instance)
    take_in(definitions, home, instance)
    assert noted(instance)[3:] == [("2026-10-07", 2)]
    arrived = instance.fetch_materializations(dg.AssetKey(["landing", "store_footfall"]), limit=9).records
    assert len(arrived) == 2


def test_days_that_a_killed_run_took_in_are_noted_by_the_next(
    definitions: dg.Definitions, home: Home, instance: dg.DagsterInstance
) -> None:
    Pipeline(home, shipped_settings()).ingest()
    take_in(definitions, home, instance)
    assert [day for day, _ in noted(instance)] == ["2026-10-05", "2026-10-06", "2026-10-08"]


def test_days_begin_with_the_first_file_in_landing_or_archived(home: Home, definitions: dg.Definitions) -> None:
    from dagster_project.defs.backfill import first_day

    days = definitions.resolve_job_def("backfill").partitions_def
    assert days is not None
    assert days.get_first_partition_key() == "2026-10-05"
    Pipeline(home, shipped_settings()).ingest()
    for path in list(home.landing.rglob("*.csv")):
        path.unlink()
        path.parent.rmdir()
    assert first_day(home) == dt.date(2026, 10, 5)


def test_a_back_fill_reads_a_range_again_in_one_run(definitions: dg.Definitions, home: Home) -> None:
    Pipeline(home, shipped_settings()).ingest()
    counts = run_backfill(lambda: definitions, home, shipped_settings(), dt.date(2026, 10, 6), dt.date(2026, 10, 8))
    assert (counts["files_new"], counts["rows_loaded"]) == (2, 2)
    with dg.DagsterInstance.get() as instance:
        assert noted(instance) == [("2026-10-06", 1), ("2026-10-07", 0), ("2026-10-08", 1)]
        (run,) = instance.get_runs()
    assert run.tags["omnivue/outcome"] == "taken_in"
    none = run_backfill(lambda: definitions, home, shipped_settings(), *[dt.date(2026, 10, 6)] * 2, extract="stores")
    assert none["files_new"] == 0


def test_a_back_fill_runs_beside_no_other_run(definitions: dg.Definitions, home: Home) -> None:
    day = dt.date(2026, 10, 6)
    with run_lock(home, started_at=dt.datetime.now(dt.UTC)), pytest.raises(RunBusy):
        run_backfill(lambda: definitions, home, shipped_settings(), day, day)


def test_a_day_that_breaks_its_contract_is_rejected_as_in_the_night(definitions: dg.Definitions, home: Home) -> None:
    deliver(home, 9, "PAR01;x;y;z;2;OK;v2\n" * 50)
    # Judged with the three rows of the other days, which are new as well.
    day = dt.date(2026, 10, 9)
    with pytest.raises(DataRejected, match="store_footfall: 50 of 53 rows"):
        run_backfill(lambda: definitions, home, shipped_settings(), day, day)


def test_what_is_told_to_end_is_not_tried_again(
    definitions: dg.Definitions, home: Home, instance: dg.DagsterInstance
) -> None:
    tried = []

    class Interrupted(Pipeline):
        def ingest(self) -> RunPlan:
            tried.append(1)
            raise dg.DagsterExecutionInterruptedError

    job = definitions.resolve_job_def("nightly")
    with pytest.raises(dg.DagsterExecutionInterruptedError):
        job.execute_in_process(instance=instance, resources={"pipeline": Interrupted(home, shipped_settings())})
    assert len(tried) == 1


def test_who_called_hears_that_it_was_told_to_end(
    definitions: dg.Definitions, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told_to_end(*_: object, **__: object) -> None:
        raise dg.DagsterExecutionInterruptedError

    monkeypatch.setattr(Pipeline, "take_again", told_to_end)
    day = dt.date(2026, 10, 6)
    with pytest.raises(KeyboardInterrupt):
        run_backfill(lambda: definitions, home, shipped_settings(), day, day)


@pytest.mark.parametrize(
    ("error", "tries", "waits"),
    [
        # Three tries, for a share that is away for a moment: after 5 seconds, and three times as many.
        (OSError(116, "Stale file handle"), 3, [5, 15]),
        (DataRejected("store_footfall: 50 of 50 rows"), 1, []),
    ],
)
def test_a_share_that_is_away_is_tried_again_and_a_verdict_is_not(
    definitions: dg.Definitions,
    home: Home,
    instance: dg.DagsterInstance,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    tries: int,
    waits: list[int],
) -> None:
    tried, waited = [], []

    class Failing(Pipeline):
        def ingest(self) -> RunPlan:
            tried.append(1)
            raise error

    monkeypatch.setattr("dagster._core.execution.plan.active.time.sleep", lambda seconds: waited.append(seconds))
    job = definitions.resolve_job_def("nightly")
    pipeline = Failing(home, shipped_settings())
    result = job.execute_in_process(instance=instance, resources={"pipeline": pipeline}, raise_on_error=False)
    assert not result.success
    assert len(tried) == tries
    events = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.STEP_UP_FOR_RETRY)
    planned = [entry.get_dagster_event().step_retry_data.seconds_to_wait for entry in events]
    assert planned == waits
    assert bool(waited) == bool(waits)
