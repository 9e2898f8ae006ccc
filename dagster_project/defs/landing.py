"""Ingestion as assets: one per contract, and what the run noted of itself before the first model.

Contracts are discovered when definitions are loaded; adding one adds its asset and its check.
"""

from collections.abc import Iterator

import dagster as dg

from dagster_project.defs.catalog import OWNER, RETRY, raw_spec
from dagster_project.defs.errors import DataRejected
from dagster_project.defs.pipeline import Pipeline
from dagster_project.settings import home, load_settings

_RECORDS = {
    "deliveries": "One row per delivered file and what became of it. Read by marts.reconciliation.",
    "quarantine": "One row per finding against a row or a file. Personal. Read by `omnivue quarantine`.",
    "run_info": "One row: release id, as_of and digests of the run in progress. Read by marts.release_info.",
}


@dg.definitions
def landing() -> dg.Definitions:
    place = home()
    contracts = Pipeline(place, load_settings(place.settings_file)).contracts
    specs = [raw_spec(contract) for contract in contracts.values()]

    @dg.multi_asset(
        name="ingestion",
        specs=specs,
        retry_policy=RETRY,
    )
    def ingest(
        context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
    ) -> Iterator[dg.MaterializeResult[None]]:
        try:
            plan = pipeline.ingest()
        except DataRejected as error:
            raise dg.Failure(str(error), allow_retries=False) from error
        if not (plan.is_needed or pipeline.rebuild):
            # Yielding nothing skips every asset downstream: the release is what it would become.
            context.log.info("Nothing new: the current release was built from the same files, settings and code.")
            return
        rows = pipeline.rows_loaded()
        for extract in contracts:
            yield dg.MaterializeResult(asset_key=["raw", extract], metadata={"dagster/row_count": rows.get(extract, 0)})

    @dg.multi_asset(
        name="run_record",
        specs=[
            dg.AssetSpec(
                ["pipeline", table],
                deps=[spec.key for spec in specs],
                group_name="ingestion",
                description=description,
                owners=[OWNER],
                kinds={"python", "duckdb"},
            )
            for table, description in _RECORDS.items()
        ],
    )
    def record(pipeline: dg.ResourceParam[Pipeline]) -> Iterator[dg.MaterializeResult[None]]:
        info = pipeline.record()
        rows = pipeline.rows([("pipeline", table) for table in _RECORDS])
        for table in _RECORDS:
            metadata: dict[str, int | str] = {"dagster/row_count": rows[("pipeline", table)]}
            if table == "run_info":
                metadata |= {"release": info.release_id, "as_of": info.as_of.isoformat()}
            yield dg.MaterializeResult(asset_key=["pipeline", table], metadata=metadata)

    return dg.Definitions(assets=[ingest, record])
