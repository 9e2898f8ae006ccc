"""Arrival dates as partitions: which days were taken in, and a job that takes days in again.

The nightly job stays one run without partitions; it notes the days of the files it read. Materialising days here reads
their files once more under today's contracts, in one run for the whole range; the next nightly run publishes what
changed.
"""

import datetime as dt
import warnings

import dagster as dg

from dagster_project.defs.catalog import OWNER, WAREHOUSE
from dagster_project.defs.errors import DataRejected
from dagster_project.defs.pipeline import Pipeline, business_day
from dagster_project.defs.retries import tried_again
from dagster_project.defs.schedules import BACKFILL, BY_DAY
from dagster_project.ingestion import Day, days_of_arrival, first_folder
from dagster_project.settings import Home, home, load_settings

# A folder of the year 1 would give 700,000 partitions.
_EARLIEST = dt.date(2000, 1, 1)
_BY_DAY = (
    "Files by arrival date: one partition per day on which something arrived. Materialise days to read their files "
    "again under today's contracts; the next nightly run publishes what changed."
)


def first_day(place: Home) -> dt.date | None:
    """The first arrival date there is anything of, in landing or taken in and archived since."""
    known = [day for day in (first_folder(place.landing), next(iter(days_of_arrival(place)), None)) if day]
    return max(min(known), _EARLIEST) if known else None


def note_days(context: dg.AssetExecutionContext, pipeline: Pipeline) -> None:
    """Note the days whose files this process read, and those that a run before was killed on the way to noting."""
    read = {day for report in pipeline.ingested.extracts for day in report.arrivals} if pipeline.ingested else set()
    noted = context.instance.get_materialized_partitions(BY_DAY)
    last = business_day(pipeline.settings)
    for day, counts in days_of_arrival(pipeline.home).items():
        if _EARLIEST <= day <= last and (day in read or day.isoformat() not in noted):
            context.log_event(dg.AssetMaterialization(BY_DAY, partition=day.isoformat(), metadata=_metadata(counts)))


def _metadata(day: Day | None) -> dict[str, int]:
    counts = vars(day) if day is not None else dict.fromkeys(Day.__dataclass_fields__, 0)
    return {"dagster/row_count": counts["rows_loaded"]} | {name: int(count) for name, count in counts.items()}


@dg.definitions
def backfill() -> dg.Definitions:
    place = home()
    settings = load_settings(place.settings_file)
    days = dg.DailyPartitionsDefinition(
        start_date=(first_day(place) or business_day(settings)).isoformat(),
        timezone=settings.business.time_zone,
        # What arrives today is of today.
        end_offset=1,
    )

    with warnings.catch_warnings():
        # The policy is marked as beta: it may change with a minor version, which the lock holds still.
        warnings.simplefilter("ignore", dg.BetaWarning)

        @dg.asset(
            key=BY_DAY,
            partitions_def=days,
            backfill_policy=dg.BackfillPolicy.single_run(),
            config_schema={"extract": dg.Field(dg.Noneable(str), default_value=None, description="Only this extract.")},
            group_name="ingestion",
            description=_BY_DAY,
            owners=[OWNER],
            kinds={"parquet"},
            pool=WAREHOUSE,
        )
        def deliveries_by_day(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> None:
            chosen = context.partition_keys
            first, last = dt.date.fromisoformat(min(chosen)), dt.date.fromisoformat(max(chosen))
            with tried_again(context):
                try:
                    pipeline.take_again(first, last, context.op_execution_context.op_config["extract"])
                except DataRejected as error:
                    raise dg.Failure(str(error), allow_retries=False) from error
            counts = days_of_arrival(pipeline.home)
            for day in chosen:
                metadata = _metadata(counts.get(dt.date.fromisoformat(day)))
                context.add_asset_metadata(metadata, asset_key=BY_DAY, partition_key=day)

    job = dg.define_asset_job(
        BACKFILL,
        selection=dg.AssetSelection.assets(BY_DAY),
        description="Reads the files of the chosen arrival dates again. Publishes nothing: run `nightly` after it.",
        executor_def=dg.in_process_executor,
        tags={"dagster/max_retries": "1"},
    )
    return dg.Definitions(assets=[deliveries_by_day], jobs=[job])
