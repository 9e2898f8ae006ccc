"""The night in plain steps, without the orchestrator: each asset calls one method, and so could a test.

A `Pipeline` is one OMNIVUE_HOME with its settings. Steps hand over through the lake, the warehouse and `quality/`, not
through memory, so that any step may run in a process of its own; what the run announced (release id, build time) is
read back from `pipeline.run_info`. Every step reports what it did in counts, never in personal data.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dagster_project.defs import built_months
from dagster_project.defs.built_months import MonthsToBuild, months_to_build
from dagster_project.defs.dbt_project import DbtProject, Pass, PassResult
from dagster_project.defs.errors import DataRejected
from dagster_project.defs.run_plan import RunPlan, code_version, input_digest, reasons_to_build
from dagster_project.settings import Home, Settings, SettingsError, home, load_settings
from dagster_project.warehouse import Warehouse, open_warehouse
from data_quality.results import judged_at, read_expectations
from data_quality.suites.vocabulary import STAGES, Stage, TableSuite

if TYPE_CHECKING:
    from dagster_project.identity import Decisions, MatchModel
    from dagster_project.identity.memory import Memory
    from dagster_project.ingestion import IngestionReport
    from dagster_project.publishing import Release, Synced
    from data_quality.contract import Contract
    from data_quality.results import GateResult

Count = int | float | str | bool
RUN_INFO_SCHEMA = pa.schema(
    [
        ("release_id", pa.string()),
        ("built_at", pa.timestamp("us")),
        ("as_of", pa.date32()),
        ("data_through", pa.date32()),
        ("code_version", pa.string()),
        ("engine", pa.string()),
        ("settings_json", pa.string()),
        ("input_digest", pa.string()),
    ]
)

# What speaks of the run itself.
_UNMEASURED = frozenset({"marts.data_profile", "marts.release_info"})
_SURVEYS = "fct_survey_responses"


def business_day(settings: Settings) -> dt.date:
    """Today in the business's time zone, after which no landing folder may be dated."""
    return dt.datetime.now(ZoneInfo(settings.business.time_zone)).date()


@dataclass(frozen=True)
class StepReport:
    """What one step did: wall `seconds` and counts by name, fit for logs and Dagster metadata."""

    step: str
    seconds: float
    counts: Mapping[str, Count]


@dataclass(frozen=True)
class RunInfo:
    """The run in progress, as `pipeline.run_info` holds it. `built_at` (UTC) is the only wall clock of a release."""

    release_id: str
    built_at: dt.datetime
    as_of: dt.date
    data_through: dt.date
    code_version: str
    input_digest: str


@dataclass
class Pipeline:
    """The steps of a run over `home`.

    `rebuild` builds a release even when nothing is new. `tell` hears of every step as it ends; `watch` of what goes on
    within one: name of the extract or model, how many are done, and how many there are. `failure` is the last error of
    a step, as it was before the orchestrator wrapped it; `ingested` is what the ingestion of this process did.
    """

    home: Home
    settings: Settings
    rebuild: bool = False
    tell: Callable[[StepReport], None] = field(default=lambda _: None)
    watch: Callable[[str, int, int], None] | None = None
    failure: Exception | None = field(default=None, init=False)
    ingested: IngestionReport | None = field(default=None, init=False)

    @classmethod
    def here(cls, *, rebuild: bool = False) -> Pipeline:
        """The pipeline of OMNIVUE_HOME, with its settings as they are now."""
        place = home().create()
        return cls(place, load_settings(place.settings_file), rebuild)

    @functools.cached_property
    def warehouse(self) -> Warehouse:
        return open_warehouse(self.home, self.settings)

    # -- landing ------------------------------------------------------------------------------------------------------

    @functools.cached_property
    def contracts(self) -> dict[str, Contract]:
        """Every contract by extract, the retailer's own included."""
        from dagster_project.ingestion import find_contracts

        return find_contracts(self.home, self.settings)

    def ingest(self) -> RunPlan:
        """Take in what landed and decide whether there is anything to build. Raises DataRejected when an extract broke
        its contract more than it may, and SettingsError before anything is taken in when a file that the settings name
        cannot be used."""
        from dagster_project.ingestion import ingest
        from dagster_project.publishing import remove_leftovers

        _ = self.match_model, self.decisions
        with self._step("ingestion") as counts:
            today = business_day(self.settings)
            report = ingest(self.home, self.settings, self.contracts, today=today, progress=self.watch)
            self._judge_ingestion(report, counts)
        plan = self.plan()
        if not plan.is_needed:
            # A publication that was cut off after the switch is followed by no other to tidy up.
            remove_leftovers(self.home)
        return plan

    def take_again(self, first: dt.date, last: dt.date, extract: str | None = None) -> None:
        """Read once more what arrived from `first` to `last`, of one extract or of all, under today's contracts; the
        next run publishes what changed. Raises DataRejected as `ingest` does."""
        from dagster_project.ingestion import take_again

        with self._step("ingestion") as counts:
            report = take_again(
                self.home,
                self.settings,
                self.contracts,
                today=business_day(self.settings),
                first=first,
                last=last,
                extract=extract,
                progress=self.watch,
            )
            self._judge_ingestion(report, counts)

    def _judge_ingestion(self, report: IngestionReport, counts: dict[str, Any]) -> None:
        self.ingested = report
        for name in ("files_new", "files_rejected", "rows_read", "rows_loaded", "rows_quarantined"):
            counts[name] = report.total(name)
        counts["unknown_folders"] = len(report.unknown_folders)
        if report.threshold_exceeded:
            more = len(report.threshold_exceeded) - 1
            raise DataRejected(report.threshold_exceeded[0] + (f" (and {more} more extracts)" if more else ""))

    def plan(self) -> RunPlan:
        """What a run would build from now, and whether the current release is that already."""
        from dagster_project.ingestion import latest_arrival, read_deliveries, read_versions
        from dagster_project.publishing import CATALOGUE, current_release

        deliveries = read_deliveries(self.home)
        as_of = self.settings.as_of or latest_arrival(self.home) or business_day(self.settings)
        version = code_version()
        current = current_release(self.home)
        # What people look at beside the release; `omnivue clean` removes it, and only a run makes it again.
        is_whole = (
            judged_at(self.home.quality, "marts") is not None
            and (self.home.docs / CATALOGUE).exists()
            and any(self.home.warehouse.parent.glob("*"))
        )
        # What a file counts for, and what its rows say, changes with its contract, which may lie outside the code.
        facts = read_versions(self.home).to_pylist()
        plan = RunPlan(
            as_of=as_of,
            data_through=_latest_business_date(deliveries) or as_of,
            code_version=version,
            input_digest=input_digest(
                (tuple(map(str, fact.values())) for fact in facts),
                self.settings,
                as_of,
                version,
                self.models,
                self.decisions.digest,
            ),
            current_digest=current.run.input_digest if current and is_whole else None,
        )
        if not plan.is_needed:
            return plan
        reasons = reasons_to_build(current, self.settings, as_of, version, is_whole=is_whole)
        return dataclasses.replace(plan, reasons=reasons)

    @functools.cached_property
    def match_model(self) -> MatchModel | None:
        """The match model of the settings; None where keys alone decide. Raises SettingsError when its file is none."""
        from dagster_project.identity.match_model import SHIPPED, MatchModel, MatchModelError

        chosen = self.settings.identity.match_model
        if chosen is None:
            return None
        try:
            return MatchModel.load(SHIPPED if chosen == "shipped" else self.home.root / Path(chosen).expanduser())
        except (OSError, MatchModelError) as error:
            raise SettingsError(f"identity.match_model: {error}") from error

    @functools.cached_property
    def decisions(self) -> Decisions:
        """What stewards decided: the file of the settings, and after it, of one day, what the ledger holds. Raises
        SettingsError when the file is missing or wrong."""
        from dagster_project.identity.decisions import Decisions, DecisionsError, read_decisions
        from dagster_project.identity.ledger_files import DECISIONS_FILE, load_decisions

        chosen = self.settings.identity.decisions
        found = Decisions()
        if chosen is not None:
            path = self.home.root / Path(chosen).expanduser()
            try:
                found = read_decisions(path, business_day(self.settings))
            except OSError as error:
                raise SettingsError(
                    f"identity.decisions: {path}: {error.strerror}. Put the file there, name another in "
                    f"{self.home.settings_file}, or set identity.decisions to null."
                ) from error
            except DecisionsError as error:
                raise SettingsError(f"identity.decisions: {error}") from error
        return found.followed_by(load_decisions(self.home.ledger), DECISIONS_FILE)

    @property
    def models(self) -> dict[str, str]:
        """The versions of the fitted models a run uses, by what they decide."""
        return {"identity": self.match_model.version} if self.match_model else {}

    def load(self) -> None:
        """Bring schema `raw` to what the lake holds, month by month, and write what was delivered and refused into
        schema `pipeline`."""
        from dagster_project.ingestion import raw_tables, read_deliveries, read_quarantine

        with self._step("load") as counts:
            tables = raw_tables(self.home, self.settings, self.contracts)
            counts["months"] = 0
            for done, table in enumerate(tables, start=1):
                counts["months"] += len(self.warehouse.load(table))
                if self.watch is not None:
                    self.watch(table.extract, done, len(tables))
            deliveries, quarantine = read_deliveries(self.home), read_quarantine(self.home)
            self.warehouse.write_all("pipeline", {"deliveries": deliveries, "quarantine": quarantine})
            counts |= {"deliveries": deliveries.num_rows, "quarantine_entries": quarantine.num_rows}

    def record(self) -> RunInfo:
        """Announce the release in `pipeline.run_info`."""
        from dagster_project.publishing import next_release_id

        with self._step("run record") as counts:
            plan = self.plan()
            info = RunInfo(
                release_id=next_release_id(self.home, plan.as_of),
                built_at=dt.datetime.now(dt.UTC).replace(microsecond=0),
                as_of=plan.as_of,
                data_through=plan.data_through,
                code_version=plan.code_version,
                input_digest=plan.input_digest,
            )
            row = dataclasses.asdict(info) | {
                "built_at": info.built_at.replace(tzinfo=None),
                "engine": self.settings.engine,
                "settings_json": json.dumps(self.settings.public(), sort_keys=True),
            }
            self.warehouse.write_all("pipeline", {"run_info": pa.Table.from_pylist([row], schema=RUN_INFO_SCHEMA)})
            counts |= {"release": info.release_id, "because": plan.because}
        return info

    # -- between the passes ------------------------------------------------------------------------------------------

    def build(self, pass_: Pass) -> PassResult:
        """Build and test the dbt models of one pass. Raises GateFailed when a test fails, DbtError when a model.

        What the first pass was built from stands in `pipeline.built_months`; the months it is about to write are taken
        out before and put in once it ended well, so that they count as changed after a run that was cut off."""
        with self._step(f"dbt {pass_.replace('_', ' ')}") as counts:
            if pass_ == "first_pass":
                built = self._built_months()
                months, kept = months_to_build(self._remembered_months(), built, self.contracts)
                self.warehouse.write_all("pipeline", {"built_months": built_months.to_arrow(kept)})
                result = self._dbt.build(pass_, self.plan(), months, watch=self.watch)
                self.warehouse.write_all("pipeline", {"built_months": built_months.to_arrow(built)})
            else:
                result = self._dbt.build(pass_, self.plan(), MonthsToBuild(changed={}), watch=self.watch)
            counts |= {"models": len(result.models), "tests": result.tests_passed, "warnings": len(result.warnings)}
        return result

    def _built_months(self) -> built_months.Built:
        """What models built month by month depend on, as it is now: the deliveries by month, settings and code."""
        from dagster_project.ingestion import raw_tables

        basis = input_digest([], self.settings, dt.date.min, code_version())
        return frozenset(
            (table.extract, month, digest, basis)
            for table in raw_tables(self.home, self.settings, self.contracts)
            for month, digest in table.months.items()
        )

    def _remembered_months(self) -> built_months.Built:
        """What the last first pass that ended well found; nothing when a rebuild was asked for."""
        if self.rebuild or "built_months" not in self.warehouse.tables("pipeline"):
            return frozenset()
        return built_months.from_arrow(self.warehouse.table("pipeline", "built_months"))

    def identify(self) -> dict[str, int]:
        """Link source records to customers and write schema `identity`; returns counts by name. What the last run
        found stays where nothing changed. Its `basis` is taken out first and put in last, so that a run that was cut
        off is followed by a whole one."""
        from dagster_project.identity.ledger_files import append_to_ledger, load_ledger
        from dagster_project.identity.memory import BASIS_SCHEMA, Memory
        from dagster_project.identity.resolution import identify

        with self._step("identity") as counts:
            records = self.warehouse.table("intermediate", "int_customer_records")
            result = identify(
                records,
                dataclasses.replace(load_ledger(self.home.ledger), decisions=self.decisions.table),
                self.settings.identity,
                country=self.settings.business.country,
                as_of=self.plan().as_of,
                model=self.match_model,
                memory=None if self.rebuild else Memory.of(self._tables("identity", Memory.TABLES)),
                code=self.plan().code_version,
            )
            append_to_ledger(self.home.ledger, result.new_ledger_rows)
            self.warehouse.write_all("identity", {"basis": BASIS_SCHEMA.empty_table()})
            if result.looked_at is None:
                self.warehouse.write_all("identity", result.by_record())
            else:
                self.warehouse.replace_rows("identity", result.by_record(), result.looked_at)
            self.warehouse.write_all("identity", result.whole())
            found = result.report.as_metadata() | {"to_review": self._write_review_queue(records, result.memory)}
            of_stewards = ("to_review", "decisions_ignored", "decisions_contradicted")
            shown = ("records", "looked_at", "customers", "restated_customers", *of_stewards)
            counts |= {name: found[name] for name in shown}
        return found

    def _write_review_queue(self, records: pa.Table, memory: Memory) -> int:
        """Write `identity.review_queue`; returns its length, 0 without a match model."""
        from dagster_project.identity.review import REVIEW_SCHEMA, review_queue

        queue = REVIEW_SCHEMA.empty_table()
        if self.match_model is not None:
            queue = review_queue(
                memory.scored_pairs,
                self.warehouse.table("identity", "customer_links"),
                records,
                self.decisions.table,
                self.warehouse.table("intermediate", "int_record_revenue"),
                review_from=self.settings.identity.review_from,
                joins_from=self.match_model.thresholds.keyed,
            )
        self.warehouse.write_all("identity", {"review_queue": queue})
        return int(queue.num_rows)

    def _tables(self, schema: str, names: Sequence[str]) -> dict[str, pa.Table]:
        """Those of the tables that are there."""
        there = set(self.warehouse.tables(schema))
        return {name: self.warehouse.table(schema, name) for name in names if name in there}

    def analyse(self) -> dict[str, int]:
        """Write schema `analytics`: what Python computes on the counts and sums of the second pass. Returns rows by
        table."""
        from dagster_project import attribution, churn, customer_value, effects, segments

        with self._step("analytics") as counts:
            data_end = min(self.plan().as_of, self.plan().data_through)
            purchases = self.warehouse.table("intermediate", "int_purchase_statistics")
            valued = customer_value.value_customers(
                purchases,
                self.warehouse.table("intermediate", "int_order_value_statistics"),
                self.settings.customer_value,
                data_end=data_end,
            )
            churning = churn.score_churn(
                self.warehouse.table("intermediate", "int_churn_features"),
                customer_value.alive(purchases, ("now", "validate", "train"), self.settings.customer_value),
                self.settings.churn,
                min_n=self.settings.reliability.min_n,
                data_end=data_end,
            )
            shares, weights = attribution.share_out(
                self.warehouse.table("intermediate", "int_attribution_paths"), self.settings.attribution
            )
            tables = {
                "attribution_shares": shares,
                "attribution_weights": weights,
                "experiment_effects": effects.experiment_effects(
                    self.warehouse.table("intermediate", "int_experiment_results"), self.settings.experiments
                ),
                "omnichannel_effects": effects.landmark_effects(
                    self.warehouse.table("intermediate", "int_landmark_strata")
                ),
                "personas": segments.find_personas(
                    self.warehouse.table("intermediate", "int_persona_sample"), self.settings.segments.personas
                ),
                "value_scores": valued.scores,
                "order_value_model": valued.order_value,
                "churn_scores": churning.scores,
                "model_evaluations": pa.concat_tables([valued.evaluations, churning.evaluations]),
                "model_parameters": pa.table(
                    {
                        "model_parameters": [
                            json.dumps(self.models | valued.parameters | churning.parameters, sort_keys=True)
                        ]
                    }
                ),
            }
            self.warehouse.write_all("analytics", tables)
            counts |= {name: table.num_rows for name, table in tables.items()}
        return dict(counts)

    # -- gate --------------------------------------------------------------------------------------------------------

    def measure(self) -> pa.Table:
        """Write `marts.data_profile`: raw tables, facts, dimensions and marts in numbers, beside those of the last
        releases."""
        from dagster_project.publishing import current_release
        from dagster_project.warehouse.duckdb_session import session
        from data_quality import drift
        from data_quality.suites import core, marts

        with self._step("profile") as counts:
            info, current = self.run_info(), current_release(self.home)
            before = current.path / "data_profile.parquet" if current else None
            limits = drift.Limits(**self.settings.quality.drift.model_dump())
            with session() as connection:
                for schema in ("raw", "marts"):
                    self.warehouse.attach(connection, "warehouse", schema)
                connection.execute("use warehouse")
                suites = [suite for suite in (*core.suites(), *marts.suites()) if suite.table not in _UNMEASURED]
                loaded = set(self.warehouse.tables("raw"))
                subjects = [
                    drift.raw_subject(contract, limits.days)
                    for contract in self.contracts.values()
                    if contract.id in loaded
                ]
                subjects += [
                    drift.mart_subject(connection, suite.table, tells_nobody=suite.impersonal) for suite in suites
                ]
                measured = drift.measure(
                    connection, subjects, through=min(info.as_of, info.data_through), days=limits.days
                )
            profile = drift.judge(
                measured,
                pq.read_table(before) if before is not None and before.exists() else None,
                release_id=info.release_id,
                data_through=info.data_through,
                limits=limits,
            )
            self.warehouse.write_all("marts", {"data_profile": profile})
            counts |= {"tables": len(subjects), "drifted": pc.sum(profile["is_drift"]).as_py() or 0}
        return profile

    def gate(self, stage: Stage) -> GateResult:
        """Run a stage's suites; results and failing keys are kept under `quality/`, pages in the Data Docs. Does not
        raise: see `GateResult.passed`."""
        from data_quality.runner import run_stage

        with self._step(f"gate {stage}") as counts:
            result = run_stage(
                stage,
                self.suites(stage),
                self.warehouse.judged(),
                title=f"the data of {self.plan().as_of}"
                if stage == "landing"
                else f"release {self.run_info().release_id}",
                docs=self.home.docs / "data_docs",
                keep=self.home.quality,
            )
            counts |= {
                "expectations": len(result.expectations),
                "failed": len(result.failures),
                "warnings": len(result.warnings),
            }
        return result

    def suites(self, stage: Stage) -> tuple[TableSuite, ...]:
        """The suites of a stage; those of the landing door judge freshness as of the run's day."""
        from data_quality.suites import core, landing, marts

        if stage == "core":
            return core.suites()
        if stage == "marts":
            return marts.suites()
        return landing.suites(
            self.contracts.values(),
            as_of=self.plan().as_of,
            max_rejected_share=self.settings.ingestion.max_rejected_share,
            usual_times=self.settings.quality.usual_times,
            min_rows=self.settings.quality.drift.min_rows,
        )

    def keep_results(self) -> pa.Table:
        """Write the gate's results into the marts, to be published with what they judged."""
        with self._step("quality results") as counts:
            results = read_expectations(self.home.quality, STAGES)
            self.warehouse.write_all("marts", {"data_quality_results": results})
            counts["expectations"] = results.num_rows
        return results

    # -- publication -------------------------------------------------------------------------------------------------

    def publish(self) -> Release:
        """Publish schema `marts` as the release this run announced, and beside the Data Docs what its KPIs mean."""
        from dagster_project import publishing

        with self._step("publication") as counts:
            info = self.run_info()
            publishing.write_catalogue(self.home.docs / publishing.CATALOGUE, self.settings)
            release = publishing.publish(
                self.warehouse,
                self.home,
                self.settings,
                built_at=info.built_at,
                release_id=info.release_id,
                descriptions=self._dbt.descriptions(publishing.SCHEMA),
                run=publishing.RunInfo(
                    as_of=info.as_of,
                    data_through=info.data_through,
                    code_version=info.code_version,
                    engine=self.settings.engine,
                    input_digest=info.input_digest,
                    checks=_outcomes(self.warehouse.table("marts", "data_quality_results")),
                ),
            )
            counts |= {"release": release.id, "tables": len(release.tables), "rows": release.rows}
        return release

    def serve(self) -> Synced | None:
        """Have PostgreSQL serve the current release; None where it is not used. Raises PostgresError when it cannot:
        the release stays published as a file, and repeating this catches up."""
        from dagster_project.publishing import sync_postgres

        if self.settings.publishing.postgres.dsn is None:
            return None
        with self._step("PostgreSQL") as counts:
            synced = sync_postgres(self.home, self.settings, self.watch)
            if synced is not None:
                counts |= {"release": synced.release.id, "rows": synced.rows, "kept_for_readers": len(synced.notes)}
        return synced

    def write_directory(self) -> int:
        """Replace the customer directory; returns its number of customers."""
        from dagster_project.publishing import write_directory

        with self._step("customer directory") as counts:
            descriptions = self._dbt.descriptions("intermediate") | self._dbt.descriptions("identity")
            counts["customers"] = customers = write_directory(self.warehouse, self.home, descriptions)
        return customers

    # -- customers to call back ---------------------------------------------------------------------------------------

    def negative_answers(self) -> pa.Table:
        """The negative answers of known customers lately (`feedback.NEGATIVE_ANSWERS`); new is what the release before
        this run's did not hold. Found once in a run, so that it is the same before publication and after it."""
        from dagster_project.feedback import negative_answers
        from dagster_project.publishing import ReleaseError, list_releases

        info = self.run_info()
        kept, of_run = self.home.quality / "negative_answers.parquet", f"{info.release_id} {info.built_at}".encode()
        if kept.exists() and (pq.read_schema(kept).metadata or {}).get(b"run") == of_run:
            return pq.read_table(kept).replace_schema_metadata(None)
        with self._step("negative answers") as counts:
            released = None
            try:
                before = [release for release in list_releases(self.home) if release.id < info.release_id]
            except ReleaseError:
                # Rather told of once more than not at all.
                before = []
            if before and any(table.name == _SURVEYS for table in before[-1].tables):
                released = pq.read_table(before[-1].path / before[-1].table(_SURVEYS).parquet.name)
            csat = self.settings.alerts.csat
            answers = negative_answers(
                self.warehouse.table("marts", _SURVEYS),
                released,
                as_of=info.as_of,
                days=csat.days,
                max_score=csat.max_score,
            )
            self.home.quality.mkdir(parents=True, exist_ok=True)
            pq.write_table(answers.replace_schema_metadata({b"run": of_run}), kept)
            counts |= {"answers": answers.num_rows, "new": int(pc.sum(answers["is_new"]).as_py() or 0)}
        return answers

    def write_call_backs(self) -> int:
        """Replace the list of customers to call back; returns its number of answers."""
        from dagster_project.feedback import call_backs
        from dagster_project.publishing import write_call_backs

        answers = self.negative_answers()
        with self._step("customers to call back") as counts:
            write_call_backs(
                call_backs(answers, self.warehouse.table("intermediate", "int_customer_golden")), self.home
            )
            counts["answers"] = answers.num_rows
        return int(answers.num_rows)

    # -- the run in progress -----------------------------------------------------------------------------------------

    def run_info(self) -> RunInfo:
        """What the run in progress decided. Raises WarehouseError before `record`."""
        (row,) = self.warehouse.table("pipeline", "run_info").to_pylist()
        return RunInfo(
            release_id=row["release_id"],
            built_at=row["built_at"].replace(tzinfo=dt.UTC),
            as_of=row["as_of"],
            data_through=row["data_through"],
            code_version=row["code_version"],
            input_digest=row["input_digest"],
        )

    def rows(self, tables: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """Rows of the given (schema, table) pairs, from the catalogue: no table is read."""
        return self.warehouse.rows(tables)

    @functools.cached_property
    def _dbt(self) -> DbtProject:
        return DbtProject(self.home, self.settings, self.warehouse)

    @contextlib.contextmanager
    def _step(self, name: str) -> Iterator[dict[str, Any]]:
        counts: dict[str, Any] = {}
        started = time.perf_counter()
        try:
            yield counts
        except Exception as error:
            self.failure = error
            raise
        self.tell(StepReport(name, time.perf_counter() - started, counts))


def decision_warnings(counts: Mapping[str, Count]) -> list[str]:
    """What a steward should hear of the counts of the identity step."""
    told = {
        "decisions_ignored": "name a record that was not delivered (yet)",
        "decisions_contradicted": "contradict later ones",
    }
    return [
        f"{counts[name]} of the stewards' decisions {what} and decide nothing: `omnivue identity decisions` lists them"
        for name, what in told.items()
        if counts.get(name)
    ]


def _latest_business_date(deliveries: pa.Table) -> dt.date | None:
    latest: dt.date | None = pc.max(deliveries.filter(deliveries["is_current"])["business_date"]).as_py()
    return latest


def _outcomes(results: pa.Table) -> dict[str, int]:
    """Expectations by outcome: passed, warning."""
    outcomes = {"passed": 0, "warning": 0, "failed": 0}
    for row in results.select(["success", "severity"]).to_pylist():
        outcomes["passed" if row["success"] else "warning" if row["severity"] == "warning" else "failed"] += 1
    return {name: count for name, count in outcomes.items() if count or name == "passed"}
