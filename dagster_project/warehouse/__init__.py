"""The only Python that speaks to an engine, or to where the lake lies: one protocol each, and behind it what the
settings `engine` and `lake.uri` name."""

from __future__ import annotations

from dagster_project.settings import Home, Settings
from dagster_project.warehouse.duckdb_warehouse import DuckDBWarehouse
from dagster_project.warehouse.lake_store import LakeError, open_lake
from dagster_project.warehouse.machine import remedy
from dagster_project.warehouse.warehouse import RawTable, Warehouse, WarehouseBusy, WarehouseError

__all__ = [
    "DuckDBWarehouse",
    "LakeError",
    "RawTable",
    "Warehouse",
    "WarehouseBusy",
    "WarehouseError",
    "engine_lacks",
    "open_lake",
    "open_warehouse",
    "remedy",
]


def engine_lacks(settings: Settings) -> str | None:
    """What the engine of the settings lacks on this machine, as a sentence with its remedy; None when it can run."""
    if settings.engine == "spark":
        from dagster_project.warehouse.spark_session import missing

        return missing()
    return None


def open_warehouse(home: Home, settings: Settings) -> Warehouse:
    """The warehouse of `home` on the engine of the settings. Raises WarehouseError when that engine is not
    installed."""
    if settings.engine == "spark":
        from dagster_project.warehouse.spark_warehouse import SparkWarehouse

        return SparkWarehouse(home.warehouse.with_name("spark"), settings.spark)
    return DuckDBWarehouse(home.warehouse, open_lake(home, settings).duckdb_setup)
