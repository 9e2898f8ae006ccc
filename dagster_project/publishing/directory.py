"""The customer directory: names, addresses and raw source ids, for the few who may see them.

It is a database of its own with its own permissions, only the latest state is kept, and it joins the marts by
customer_id. Nothing of it ever goes into a release. What made records one customer lies beside, in its schema
`evidence`: who asks for a customer, or looks at what is uncertain, waits for no run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pyarrow as pa

from dagster_project.publishing.releases import Description, write_comments
from dagster_project.settings import Home
from dagster_project.warehouse import DuckDBWarehouse, WarehouseError
from dagster_project.warehouse.warehouse import quoted

EVIDENCE = "evidence"
# The tables people read: the columns they have at least, and how many of these, the first, a table is sorted by.
_MAIN = {
    "customers": (("customer_id",), 1),
    "customer_values": (
        ("customer_id", "field", "value", "source_system", "source_person_key", "said_at", "rule"),
        2,
    ),
    "customer_sources": (("customer_id", "source_system", "source_person_key", "source_record_hash"), 3),
}


def write_directory(
    tables: Mapping[str, pa.Table], home: Home, descriptions: Mapping[str, Description] | None = None
) -> Path:
    """Replace the directory. Of `tables`, `customers` is the golden record (one row per customer_id),
    `customer_values` has one row per value in it with the record that said it and when, `customer_sources` one row per
    source record with its raw key, and `source_record_hash` as the marts' bridge names it; the others go into schema
    `evidence` as they are. `descriptions`, by table, become comments of the first three.

    The file has mode 0600 in a folder of mode 0700. Readers of the former file keep it. Raises ValueError when a
    column is missing or a customer occurs twice.
    """
    for name, (columns, _) in _MAIN.items():
        missing = [column for column in columns if column not in tables[name].column_names]
        if missing:
            raise ValueError(f"customer directory: table {name} lacks column '{missing[0]}'")
    customers = tables["customers"]
    repeated = customers.num_rows - len(customers["customer_id"].unique())
    if repeated:
        raise ValueError(f"customer directory: {repeated} rows of the golden record repeat a customer_id")

    folder = home.directory.parent
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    aside = home.directory.with_suffix(".new")
    for leftover in (aside, Path(f"{aside}.wal")):
        leftover.unlink(missing_ok=True)
    directory = DuckDBWarehouse(aside)
    directory.write_all("main", {name: _sorted(tables[name], *_MAIN[name]) for name in _MAIN})
    directory.write_all(EVIDENCE, {name: table for name, table in tables.items() if name not in _MAIN})
    with directory.writer() as connection:
        for name, description in (descriptions or {}).items():
            write_comments(connection, quoted(name), description)
    aside.chmod(0o600)
    aside.replace(home.directory)
    return home.directory


def read_directory(home: Home, names: Iterable[str]) -> dict[str, pa.Table]:
    """Tables of the directory by name, as the last run that wrote one left them. Raises WarehouseError when one is not
    there."""
    directory = DuckDBWarehouse(home.directory)
    if not home.directory.exists():
        raise WarehouseError(f"there is no customer directory in {home.directory.parent} yet: `omnivue run` first")
    return {name: directory.table("main" if name in _MAIN else EVIDENCE, name) for name in names}


def _sorted(table: pa.Table, columns: tuple[str, ...], keys: int) -> pa.Table:
    others = [name for name in table.column_names if name not in columns]
    return table.select([*columns, *others]).sort_by([(name, "ascending") for name in columns[:keys]])
