"""Ingestion as assets: one per contract, what was delivered, and what the run noted of itself before the first model.

Contracts are discovered when definitions are loaded; adding one adds its asset and its check.
"""

from collections.abc import Iterator

import dagster as dg

from dagster_project.defs.backfill import note_days
from dagster_project.defs.catalog import OWNER, WAREHOUSE, delivered, delivery_spec, raw_spec
from dagster_project.defs.errors import DataRejected
from dagster_project.defs.pipeline import Pipeline
from dagster_project.defs.retries import tried_again
from dagster_project.publishing import PostgresError
from dagster_project.settings import home, load_settings

_DELIVERED = {
    "deliveries": "One row per delivered file and what became of it. Read by marts.reconciliation.",
    "quarantine": "One row per finding against a row or a file. Personal. Read by `omnivue quarantine`.",
}


@dg.definitions
def landing() -> dg.Definitions:
    place = home()
    contracts = Pipeline(place, load_settings(place.settings_file)).contracts
    specs = [raw_spec(contract) for contract in contracts.values()]
    specs += [_pipeline_spec(table, description, skippable=True) for table, description in _DELIVERED.items()]

    @dg.multi_asset(
        name="ingestion",
        specs=specs,
        pool=WAREHOUSE,
    )
    def ingest(
        context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> Iterator[dg.MaterializeResult[None]]:
        with tried_again(context):
            try:
                plan = pipeline.ingest()
            except DataRejected as error:
                raise dg.Failure(str(error), allow_retries=False) from error
            finally:
                _note_arrivals(context, pipeline)
            if not (plan.is_needed or pipeline.rebuild):
                # Yielding nothing skips every asset downstream: the release is what it would become.
                context.log.info(
                    "Nothing new: the current release was built from the same files, settings, decisions and code."
                )
                try:
                    # PostgreSQL may have been down when the release was published.
                    pipeline.serve()
                except PostgresError as error:
                    raise dg.Failure(str(error), allow_retries=False) from error
                return
            pipeline.load()
            rows = pipeline.rows([(spec.key.path[0], spec.key.path[1]) for spec in specs])
            for (schema, table), count in rows.items():
                yield dg.MaterializeResult(asset_key=[schema, table], metadata={"dagster/row_count": count})

    run_info = _pipeline_spec(
        "run_info", "One row: release id, as_of and digests of the run in progress. Read by marts.release_info."
    )

    @dg.multi_asset(name="run_record", specs=[run_info.replace_attributes(deps=specs)], pool=WAREHOUSE)
    def record(pipeline: dg.ResourceParam[Pipeline]) -> dg.MaterializeResult[None]:
        info = pipeline.record()
        said = {"release": info.release_id, "as_of": info.as_of.isoformat(), "because": pipeline.plan().because}
        return dg.MaterializeResult(metadata=said)

    return dg.Definitions(assets=[*map(delivery_spec, contracts.values()), ingest, record])


def _note_arrivals(context: dg.AssetExecutionContext, pipeline: Pipeline) -> None:
    """Note which channels brought files never seen before, and the days of all files read."""
    for report in pipeline.ingested.extracts if pipeline.ingested else ():
        if report.files_arrived:
            metadata: dict[str, int | str] = {
                "files": report.files_arrived,
                "latest_arrival": max(report.arrivals).isoformat(),
            }
            context.log_event(dg.AssetMaterialization(delivered(report.extract), metadata={**metadata}))
    note_days(context, pipeline)


def _pipeline_spec(table: str, description: str, *, skippable: bool = False) -> dg.AssetSpec:
    return dg.AssetSpec(
        ["pipeline", table],
        group_name="ingestion",
        description=description,
        owners=[OWNER],
        kinds={"python", "duckdb"},
        skippable=skippable,
    )
