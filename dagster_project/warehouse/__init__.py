"""The only Python that speaks to an engine."""

from dagster_project.warehouse.warehouse import Warehouse, WarehouseBusy, WarehouseError

__all__ = ["Warehouse", "WarehouseBusy", "WarehouseError"]
