"""What leaves the warehouse: numbered releases that BI reads, as files and in PostgreSQL, and the customer directory
for the few who may see names.

Everything is written aside and moved into place, so a reader sees a whole release and a crash leaves the last good
one.
"""

from dagster_project.publishing.call_backs import write_call_backs
from dagster_project.publishing.catalogue import CATALOGUE, CatalogueError, write_catalogue
from dagster_project.publishing.directory import directory_to_be, read_directory, write_directory
from dagster_project.publishing.locks import RunBusy, run_lock
from dagster_project.publishing.manifest import Release, ReleaseError, ReleaseTable, RunInfo
from dagster_project.publishing.postgres import Served, Synced, served_by_postgres, sync_postgres
from dagster_project.publishing.postgres_session import PostgresError
from dagster_project.publishing.releases import (
    SCHEMA,
    Description,
    current_release,
    list_releases,
    next_release_id,
    publish,
    reader,
    remove_leftovers,
    rollback,
    show_release,
    verify,
)

__all__ = [
    "CATALOGUE",
    "SCHEMA",
    "CatalogueError",
    "Description",
    "PostgresError",
    "Release",
    "ReleaseError",
    "ReleaseTable",
    "RunBusy",
    "RunInfo",
    "Served",
    "Synced",
    "current_release",
    "directory_to_be",
    "list_releases",
    "next_release_id",
    "publish",
    "read_directory",
    "reader",
    "remove_leftovers",
    "rollback",
    "run_lock",
    "served_by_postgres",
    "show_release",
    "sync_postgres",
    "verify",
    "write_call_backs",
    "write_catalogue",
    "write_directory",
]
