"""The way out: the release that BI reads, as files and in PostgreSQL, and the directory of names for the few who may
see them."""

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from dagster_project.defs.catalog import OWNER, WAREHOUSE
from dagster_project.defs.gate import RESULTS
from dagster_project.defs.outcomes import AS_OF_TAG, RELEASE_TAG
from dagster_project.defs.pipeline import Pipeline
from dagster_project.defs.retries import tried_again
from dagster_project.publishing.directory import TABLES


@dg.asset(
    key=["directory", "customer_directory"],
    deps=[*([table.schema, table.name] for table in TABLES.values()), RESULTS],
    group_name="publication",
    description="Names and addresses with their sources, raw source ids and what made them one customer: a file of its "
    "own (mode 0600), latest only. Read by `omnivue customer`.",
    owners=[OWNER],
    kinds={"duckdb"},
    pool=WAREHOUSE,
)
def customer_directory(
    context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]
) -> dg.MaterializeResult[None]:
    with tried_again(context):
        return dg.MaterializeResult(metadata={"dagster/row_count": pipeline.write_directory()})


@dg.asset(
    key=["published", "release"],
    # The directory first: a run that is cut off after the release finds nothing new, and would not write it.
    deps=[RESULTS, ["directory", "customer_directory"], ["directory", "contacts_to_call_back"]],
    group_name="publication",
    description="Schema marts as an immutable release; `current` moves to it in one atomic step. Read by BI.",
    owners=[OWNER],
    kinds={"duckdb", "parquet"},
    # Channels deliver daily: a night and its run without a release is worth a look, a second one worth a call.
    freshness_policy=dg.FreshnessPolicy.time_window(
        fail_window=dt.timedelta(hours=50), warn_window=dt.timedelta(hours=26)
    ),
    pool=WAREHOUSE,
)
def release(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> dg.MaterializeResult[None]:
    with tried_again(context):
        published = pipeline.publish()
    # To find the run of a release, and the releases of a day, in the list of runs. What is published stays so without.
    try:
        tags = {RELEASE_TAG: published.id, AS_OF_TAG: published.as_of.isoformat()}
        context.instance.add_run_tags(context.run.run_id, tags)
    except Exception as error:
        context.log.warning(f"the run could not be tagged with its release: {type(error).__name__}")
    return dg.MaterializeResult(
        metadata={
            "dagster/row_count": published.rows,
            "tables": len(published.tables),
            "release": published.id,
            "path": dg.MetadataValue.path(published.path),
            **{f"checks_{outcome}": count for outcome, count in published.run.checks.items()},
        }
    )


@dg.asset(
    key=["published", "postgres"],
    # Last of all: a server that is down keeps nothing else from being written.
    deps=[["published", "release"]],
    group_name="publication",
    description="Schema marts in PostgreSQL, moved to the release in one transaction. Skipped without a server.",
    owners=[OWNER],
    kinds={"postgres"},
    # Not retried: whoever is down stays down for longer, and the next run catches up.
    output_required=False,
)
def postgres(pipeline: dg.ResourceParam[Pipeline]) -> Iterator[dg.MaterializeResult[None]]:
    synced = pipeline.serve()
    if synced is not None:
        yield dg.MaterializeResult(
            metadata={"release": synced.release.id, "rows_loaded": synced.rows, "notes": "; ".join(synced.notes)}
        )
