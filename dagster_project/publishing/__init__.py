"""What leaves the warehouse: numbered releases that BI reads, and the customer directory for the few who may see
names.

Everything is written aside and moved into place, so a reader sees a whole release and a crash leaves the last good
one.
"""

from dagster_project.publishing.catalogue import CATALOGUE, CatalogueError, write_catalogue
from dagster_project.publishing.directory import write_directory
from dagster_project.publishing.locks import RunBusy, run_lock
from dagster_project.publishing.manifest import Release, ReleaseError, ReleaseTable, RunInfo
from dagster_project.publishing.releases import (
    SCHEMA,
    Description,
    current_release,
    list_releases,
    next_release_id,
    publish,
    rollback,
    show_release,
    verify,
)

__all__ = [
    "CATALOGUE",
    "SCHEMA",
    "CatalogueError",
    "Description",
    "Release",
    "ReleaseError",
    "ReleaseTable",
    "RunBusy",
    "RunInfo",
    "current_release",
    "list_releases",
    "next_release_id",
    "publish",
    "rollback",
    "run_lock",
    "show_release",
    "verify",
    "write_catalogue",
    "write_directory",
]
