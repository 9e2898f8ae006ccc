"""The gate as blocking asset checks, one per suite, and its results as an asset of the release.

A stage runs in one step; each suite's verdict hangs at its table. A critical failure stops everything downstream of the
tables judged, so nothing is published.
"""

from collections.abc import Iterator, Sequence

import dagster as dg

from dagster_project.defs.catalog import OWNER, WAREHOUSE, model_specs
from dagster_project.defs.dbt_project import DbtProject
from dagster_project.defs.errors import GateFailed
from dagster_project.defs.pipeline import Pipeline
from dagster_project.settings import home, load_settings
from data_quality.results import SuiteResult
from data_quality.suites import core, marts
from data_quality.suites.vocabulary import Stage

RESULTS = dg.AssetKey(["marts", "data_quality_results"])
PROFILE = dg.AssetKey(["marts", "data_profile"])


def stage_checks(stage: Stage, suites: Sequence[tuple[str, str, str]]) -> dg.AssetChecksDefinition:
    """One step running a stage's suites, given as (name, table `schema.name`, description)."""
    specs = [
        dg.AssetCheckSpec(check_name(name), asset=table.split("."), blocking=True, description=description)
        for name, table, description in suites
    ]

    @dg.multi_asset_check(name=f"gate_{stage}", specs=specs, pool=WAREHOUSE)
    def run(
        context: dg.AssetCheckExecutionContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> Iterator[dg.AssetCheckResult]:
        result = pipeline.gate(stage)
        for warning in result.warnings:
            context.log.warning(warning.sentence())
        for suite in result.suites:
            yield _check_result(suite, str(result.docs))
        # Dagster lets downstream steps pass a check that never reported.
        if silent := {name for name, _, _ in suites} - {suite.suite for suite in result.suites}:
            raise dg.Failure(f"suites that did not run: {', '.join(sorted(silent))}; reload the definitions")
        if not result.passed:
            # Repeating would judge the same data again.
            raise dg.Failure(f"{result.reason}. See {result.docs}", allow_retries=False) from GateFailed(result.reason)

    return run


def check_name(suite: str) -> str:
    """Dagster's names hold no points: `core.fct_orders` -> `core_fct_orders`."""
    return suite.replace(".", "_")


def _check_result(suite: SuiteResult, docs: str) -> dg.AssetCheckResult:
    broken = [*suite.failures, *suite.warnings]
    return dg.AssetCheckResult(
        asset_key=suite.table_name.split("."),
        check_name=check_name(suite.suite),
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR if suite.failures else dg.AssetCheckSeverity.WARN,
        description="; ".join(item.sentence() for item in broken) or None,
        metadata={
            "expectations": len(suite.expectations),
            "failed": len(suite.failures),
            "warnings": len(suite.warnings),
            "seconds": round(suite.seconds, 2),
            "data_docs": dg.MetadataValue.path(docs),
        },
    )


@dg.definitions
def gate() -> dg.Definitions:
    place = home()
    landing = [
        (f"landing.{contract.id}", f"raw.{contract.id}", f"The lake keeps the contract of {contract.name}.")
        for contract in Pipeline(place, load_settings(place.settings_file)).contracts.values()
    ]
    before_release = {
        "core": [(suite.name, suite.table, suite.description) for suite in core.suites()],
        "marts": [(suite.name, suite.table, suite.description) for suite in marts.suites()],
    }
    judged = [table.split(".") for suites in before_release.values() for _, table, _ in suites]

    # After the last pass, by what the gate does not judge: whatever waits for a mart waits for its verdict, and the
    # verdict on the profile is one of them.
    built_last = [
        spec.key
        for spec in model_specs(DbtProject(place, load_settings(place.settings_file)).manifest(), "third_pass")
        if spec.key.path not in judged
    ]

    @dg.asset(
        key=PROFILE,
        deps=built_last,
        group_name="trust",
        description="One row per release, table, column, metric and category: volumes, null shares, means and mixes, "
        "beside those of the last releases. Read by the gate.",
        owners=[OWNER],
        kinds={"python", "duckdb"},
        pool=WAREHOUSE,
    )
    def data_profile(pipeline: dg.ResourceParam[Pipeline]) -> dg.MaterializeResult[None]:
        profile = pipeline.measure()
        return dg.MaterializeResult(metadata={"dagster/row_count": profile.num_rows})

    @dg.asset(
        key=RESULTS,
        deps=[dg.AssetKey(path) for path in judged],
        group_name="trust",
        description="One row per expectation of this release: suite, table, column, severity, success, count.",
        owners=[OWNER],
        kinds={"python", "duckdb"},
        pool=WAREHOUSE,
    )
    def data_quality_results(pipeline: dg.ResourceParam[Pipeline]) -> dg.MaterializeResult[None]:
        results = pipeline.keep_results()
        return dg.MaterializeResult(metadata={"dagster/row_count": results.num_rows})

    return dg.Definitions(
        assets=[data_profile, data_quality_results],
        asset_checks=[
            stage_checks("landing", landing),
            stage_checks("core", before_release["core"]),
            stage_checks("marts", before_release["marts"]),
        ],
    )
