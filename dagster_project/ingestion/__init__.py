"""Ingestion: what the channels delivered becomes typed Parquet in the lake; what breaks its contract is set
aside by name.

`ingest` runs all extracts, `ingest_extract` one; `replay` tries again what was set aside, `take_again`
what arrived on given days; `days_of_arrival`, `read_deliveries`, `read_versions`,
`read_quarantine`, `latest_arrival` and `raw_tables` say what happened so far; `shown` makes what a file says fit for a
terminal.
"""

from dagster_project.ingestion.inventory import first_folder, shown
from dagster_project.ingestion.ledger import (
    DELIVERIES,
    QUARANTINE,
    Day,
    days_of_arrival,
    latest_arrival,
    raw_tables,
    read_deliveries,
    read_quarantine,
    read_records,
    read_versions,
)
from dagster_project.ingestion.pipeline import (
    ExtractReport,
    IngestionReport,
    find_contracts,
    ingest,
    ingest_extract,
    replay,
    take_again,
)

__all__ = [
    "DELIVERIES",
    "QUARANTINE",
    "Day",
    "ExtractReport",
    "IngestionReport",
    "days_of_arrival",
    "find_contracts",
    "first_folder",
    "ingest",
    "ingest_extract",
    "latest_arrival",
    "raw_tables",
    "read_deliveries",
    "read_quarantine",
    "read_records",
    "read_versions",
    "replay",
    "shown",
    "take_again",
]
