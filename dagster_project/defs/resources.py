"""The one resource of every asset: the pipeline of OMNIVUE_HOME, held by one run at a time.

`omnivue run` hands in a pipeline of its own, which prints its progress; tests hand in one over a temporary home.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import dagster as dg

from dagster_project.defs.pipeline import Pipeline, StepReport


@dg.resource(
    config_schema={
        "rebuild": dg.Field(bool, default_value=False, description="Build a release even when nothing is new.")
    },
    description="OMNIVUE_HOME with its settings. A run holds the home's lock from its first step to its last.",
)
def pipeline(context: dg.InitResourceContext) -> Iterator[Pipeline]:
    from dagster_project.publishing import run_lock

    built = Pipeline.here(rebuild=context.resource_config["rebuild"])
    log = context.log

    def tell(report: StepReport) -> None:
        if log is not None:
            log.info(f"{report.step}: {dict(report.counts)} in {report.seconds:.1f} s")

    built.tell = tell
    with run_lock(built.home, started_at=dt.datetime.now(dt.UTC)):
        yield built


@dg.definitions
def resources() -> dg.Definitions:
    return dg.Definitions(resources={"pipeline": pipeline})
