"""The job's wiring, with a pipeline whose steps are canned: what runs, what is skipped, which verdict comes out."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import dagster as dg
import pyarrow as pa
import pytest

from dagster_project.alerts import Receipt
from dagster_project.defs.dbt_project import DbtProject, PassResult
from dagster_project.defs.errors import DataRejected, GateFailed
from dagster_project.defs.home import prepare_dagster_home
from dagster_project.defs.nightly import run_nightly
from dagster_project.defs.pipeline import Pipeline, RunInfo
from dagster_project.defs.run_plan import RunPlan
from dagster_project.defs.schedules import NIGHTLY
from dagster_project.feedback import NEGATIVE_ANSWERS
from dagster_project.publishing import PostgresError, Release, RunBusy, run_lock
from dagster_project.publishing import RunInfo as ReleaseRun
from dagster_project.publishing.manifest import ReleaseFile
from dagster_project.settings import Home, shipped_settings
from data_quality.contract import load_contracts
from data_quality.results import ExpectationResult, GateResult, SuiteResult
from data_quality.suites import core, marts

if TYPE_CHECKING:
    from conftest import Webhook

DAY = dt.date(2026, 10, 31)
INFO = RunInfo("000001-2026-10-31", dt.datetime(2026, 11, 1, tzinfo=dt.UTC), DAY, DAY, "code", "digest")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    # run_nightly points these at its home: undo it afterwards.
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    monkeypatch.setenv("DAGSTER_DISABLE_TELEMETRY", "true")
    return Home(tmp_path).create()


class Canned(Pipeline):
    """Steps that do nothing but remember that they ran."""

    is_needed = True
    rejects = False
    crashes = False
    is_down = False
    displeases = False
    fails_at: str | None = None

    def __init__(self, home: Home, **behaviour: Any) -> None:
        super().__init__(home, shipped_settings())
        self.ran: list[str] = []
        for name, value in behaviour.items():
            setattr(self, name, value)

    def ingest(self) -> RunPlan:
        self.ran.append("ingest")
        if self.rejects:
            raise DataRejected("shop_orders: 9 of 100 rows rejected, at most 2 % may be")
        return RunPlan(DAY, DAY, "code", "new", "old" if self.is_needed else "new")

    def load(self) -> None:
        self.ran.append("load")

    def record(self) -> RunInfo:
        self.ran.append("record")
        return INFO

    def run_info(self) -> RunInfo:
        return INFO

    def build(self, pass_: Any) -> PassResult:
        self.ran.append(pass_)
        return PassResult((), 0, ())

    def identify(self) -> dict[str, int]:
        self.ran.append("identify")
        if self.crashes:
            raise OSError("no space left on device")
        return {"customers": 3}

    def analyse(self) -> dict[str, int]:
        self.ran.append("analyse")
        attribution = ("attribution_shares", "attribution_weights")
        effects = ("experiment_effects", "omnichannel_effects")
        value = ("value_scores", "order_value_model", "churn_scores", "model_evaluations", "model_parameters")
        return dict.fromkeys((*attribution, *effects, *value, "personas"), 1)

    def rows(self, tables: Any) -> dict[tuple[str, str], int]:
        return dict.fromkeys(tables, 1)

    def gate(self, stage: Any) -> GateResult:
        self.ran.append(f"gate {stage}")
        names = {
            "landing": [(f"landing.{name}", f"raw.{name}") for name in load_contracts()],
            "core": [(suite.name, suite.table) for suite in core.suites()],
            "marts": [(suite.name, suite.table) for suite in marts.suites()],
        }[stage]
        return GateResult(stage, tuple(self._suite(stage, name, table) for name, table in names), 0.0)

    def _suite(self, stage: str, name: str, table: str) -> SuiteResult:
        item = ExpectationResult(
            name, stage, table, None, "it is whole", "x", "critical", name != self.fails_at, None, None, "note"
        )
        return SuiteResult(name, stage, table, (item,), 0.0)

    def measure(self) -> pa.Table:
        self.ran.append("measure")
        return pa.table({"value": [1.0]})

    def keep_results(self) -> pa.Table:
        self.ran.append("results")
        return pa.table({"suite": ["x"]})

    def publish(self) -> Release:
        self.ran.append("publish")
        run = ReleaseRun(DAY, DAY, "code", "duckdb", "new", {"passed": 50})
        return Release(INFO.release_id, self.home.published, INFO.built_at, run, {}, "v1.0.0", _DATABASE, ())

    def write_directory(self) -> int:
        self.ran.append("directory")
        return 3

    def negative_answers(self) -> pa.Table:
        rows = [{"customer_id": "c_one", "channel": "web", "interaction_type": "delivery", "score": 1, "is_new": True}]
        return pa.Table.from_pylist(rows if self.displeases else [], schema=NEGATIVE_ANSWERS)

    def write_call_backs(self) -> int:
        self.ran.append("call backs")
        return 0

    def serve(self) -> None:
        self.ran.append("serve")
        if self.is_down:
            self.failure = PostgresError("PostgreSQL cannot be reached: refused")
            raise self.failure


_DATABASE = ReleaseFile("omnivue.duckdb", 0, "")


def _run(definitions: dg.Definitions, pipeline: Canned, instance: dg.DagsterInstance | None = None) -> None:
    definitions.resolve_job_def("nightly").execute_in_process(resources={"pipeline": pipeline}, instance=instance)


def test_every_step_runs_once_in_an_order_that_gates_before_publishing(definitions: dg.Definitions, home: Home) -> None:
    pipeline = Canned(home)
    _run(definitions, pipeline)
    ran = pipeline.ran
    assert sorted(ran) == sorted(
        [
            "ingest", "load", "record", "gate landing", "first_pass", "identify", "second_pass", "analyse",
            "third_pass", "gate core", "measure", "gate marts",
            "results", "directory", "call backs", "publish", "serve",
        ]
    )  # fmt: skip
    for earlier, later in [
        ("ingest", "load"),
        ("load", "gate landing"),
        ("gate landing", "first_pass"),
        ("record", "second_pass"),
        ("first_pass", "identify"),
        ("identify", "second_pass"),
        ("second_pass", "analyse"),
        ("analyse", "third_pass"),
        ("second_pass", "gate core"),
        ("third_pass", "gate marts"),
        ("gate core", "results"),
        ("gate marts", "results"),
        # Nothing is written after the release but what a run that finds nothing new does, too.
        ("results", "directory"),
        ("directory", "publish"),
        ("publish", "serve"),
    ]:
        assert ran.index(earlier) < ran.index(later), (earlier, later)


def test_a_run_that_published_is_tagged_with_its_release(definitions: dg.Definitions, home: Home) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        _run(definitions, Canned(home), instance)
        _run(definitions, Canned(home, is_needed=False), instance)
        nothing_new, published = instance.get_runs()
    assert published.tags["omnivue/release"] == "000001-2026-10-31"
    assert published.tags["omnivue/as_of"] == "2026-10-31"
    assert "omnivue/release" not in nothing_new.tags


def test_nothing_new_ends_after_ingestion(definitions: dg.Definitions, home: Home) -> None:
    pipeline = Canned(home, is_needed=False)
    _run(definitions, pipeline)
    # PostgreSQL may have been down when the current release was published.
    assert pipeline.ran == ["ingest", "serve"]


def test_rebuild_runs_everything_though_nothing_is_new(definitions: dg.Definitions, home: Home) -> None:
    pipeline = Canned(home, is_needed=False, rebuild=True)
    _run(definitions, pipeline)
    assert "publish" in pipeline.ran


@pytest.mark.parametrize(
    ("suite", "never"),
    [
        (
            "landing.shop_orders",
            {"first_pass", "identify", "second_pass", "analyse", "third_pass", "results", "publish"},
        ),
        ("core.fct_orders", {"results", "publish", "directory"}),
        ("marts.reconciliation", {"results", "publish", "directory"}),
    ],
)
def test_a_failed_suite_stops_what_is_downstream(
    definitions: dg.Definitions, home: Home, suite: str, never: set[str]
) -> None:
    pipeline = Canned(home, fails_at=suite)
    with pytest.raises(dg.Failure, match="expected that it is whole"):
        _run(definitions, pipeline)
    assert not never & set(pipeline.ran)


def test_verdicts_come_out_as_themselves_however_deep_they_were_wrapped(
    definitions: dg.Definitions, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verdict(**behaviour: Any) -> BaseException:
        monkeypatch.setattr("dagster_project.defs.nightly.Pipeline", lambda *_: Canned(home, **behaviour))
        with pytest.raises((DataRejected, GateFailed, OSError)) as caught:
            run_nightly(lambda: definitions, home, shipped_settings())
        return caught.value

    assert str(verdict(rejects=True)) == "shop_orders: 9 of 100 rows rejected, at most 2 % may be"
    failed = verdict(fails_at="marts.kpi_nps")
    assert isinstance(failed, GateFailed)
    assert str(failed) == "marts.kpi_nps: expected that it is whole"
    # A crash stays what it was.
    assert isinstance(verdict(crashes=True), OSError)


@pytest.mark.parametrize("is_needed", [True, False])
def test_a_server_that_is_down_ends_a_run_that_published_with_why(
    definitions: dg.Definitions, home: Home, monkeypatch: pytest.MonkeyPatch, is_needed: bool
) -> None:
    pipeline = Canned(home, is_down=True, is_needed=is_needed)
    monkeypatch.setattr("dagster_project.defs.nightly.Pipeline", lambda *_: pipeline)
    outcome = run_nightly(lambda: definitions, home, shipped_settings())
    assert str(outcome.unserved) == "PostgreSQL cannot be reached: refused"
    assert ("publish" in pipeline.ran, "directory" in pipeline.ran) == (is_needed, is_needed)


def test_a_second_run_at_the_same_time_is_busy_before_it_touches_anything(home: Home) -> None:
    """Regression: definitions were loaded first, for which dbt writes into the folder that the first run reads."""

    def load() -> dg.Definitions:
        pytest.fail("definitions were loaded beside another run")

    before = sorted(home.root.rglob("*"))
    with run_lock(home, started_at=INFO.built_at):
        with pytest.raises(RunBusy):
            run_nightly(load, home, shipped_settings())
        assert sorted(home.root.rglob("*")) == sorted([*before, home.lock])


def test_a_manifest_that_was_cut_off_is_written_again(home: Home) -> None:
    """Regression: dbt writes it in place. A run killed meanwhile left half of it, which no run could read after."""
    project = DbtProject(home, shipped_settings())
    whole = project.manifest()
    text = project.manifest_path.read_bytes()
    project.manifest_path.write_bytes(text[: len(text) // 2])
    assert DbtProject(home, shipped_settings()).manifest()["nodes"].keys() == whole["nodes"].keys()
    project.manifest_path.unlink()
    assert DbtProject(home, shipped_settings()).manifest()["nodes"].keys() == whole["nodes"].keys()


def test_a_run_that_was_killed_does_not_keep_scheduled_ones_waiting(
    definitions: dg.Definitions, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Regression: Dagster counted it as running, and starts one run at a time. Runs that others started stay."""
    prepare_dagster_home(home)
    job = definitions.resolve_job_def(NIGHTLY)
    with dg.DagsterInstance.get() as instance:
        ids = [
            instance.create_run_for_job(job, status=dg.DagsterRunStatus.STARTED, tags={"omnivue/trigger": by}).run_id
            for by in ("command line", "schedule")
        ]
    monkeypatch.setattr("dagster_project.defs.nightly.Pipeline", lambda *_: Canned(home))
    run_nightly(lambda: definitions, home, shipped_settings())
    with dg.DagsterInstance.get() as instance:
        found = [run.status for run in map(instance.get_run_by_id, ids) if run is not None]
    assert found == [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.STARTED]


def test_who_is_named_hears_of_a_failed_run_of_the_next_that_works_and_of_unhappy_customers(
    definitions: dg.Definitions, home: Home, monkeypatch: pytest.MonkeyPatch, webhook: Webhook
) -> None:
    monkeypatch.setenv("OMNIVUE_ALERT_WEBHOOK", webhook.url)
    pipelines = iter([Canned(home, fails_at="marts.kpi_nps", displeases=True), Canned(home, displeases=True)])
    monkeypatch.setattr("dagster_project.defs.nightly.Pipeline", lambda *_: next(pipelines))
    receipts: list[Receipt] = []
    with pytest.raises(GateFailed):
        run_nightly(lambda: definitions, home, shipped_settings(), told=receipts.append)
    assert [(told["kind"], told["summary"]) for told in webhook.taken] == [
        ("gate_failed", "gate failed: marts.kpi_nps: expected that it is whole")
    ]
    run_nightly(lambda: definitions, home, shipped_settings(), told=receipts.append)
    assert [told["kind"] for told in webhook.taken] == ["gate_failed", "recovered", "negative_answers"]
    assert webhook.taken[1]["release_id"] == INFO.release_id
    assert "c_one" not in str(webhook.taken)
    assert [receipt.problem for receipt in receipts] == [None] * 3
