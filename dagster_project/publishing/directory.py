"""The customer directory: names, addresses and raw source ids, for the few who may see them.

It is a database of its own with its own permissions, only the latest state is kept, and it joins the marts by
customer_id. Nothing of it ever goes into a release. What made records one customer lies beside, in its schema
`evidence`: who asks for a customer, or looks at what is uncertain, waits for no run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from dagster_project.publishing.releases import Description, write_comments
from dagster_project.settings import Home
from dagster_project.warehouse import DuckDBWarehouse, Warehouse, WarehouseError
from dagster_project.warehouse.duckdb_session import session
from dagster_project.warehouse.warehouse import quoted

_RECORD = ("source_system", "source_person_key")


@dataclass(frozen=True)
class DirectoryTable:
    """A table of the directory, in `directory_schema`, and where the warehouse has it. `columns` come first, or alone
    where `is_part`; it is sorted by the first `keys` of them."""

    schema: str
    name: str
    directory_schema: str = "evidence"
    columns: tuple[str, ...] = ()
    keys: int = 0
    is_part: bool = False

    def select(self, table: str) -> str:
        """SQL for its rows, read from `table`."""
        first = ", ".join(map(quoted, self.columns))
        others = "" if self.is_part else f"* exclude ({first})" if first else "*"
        order = f" order by {', '.join(map(quoted, self.columns[: self.keys]))}" if self.keys else ""
        return f"select {', '.join(filter(None, (first, others)))} from {table}{order}"


# One row per customer_id; one per value of these with the record that said it and when; one per source record with its
# raw key, and its `source_record_hash` as the marts' bridge names it. Then what `omnivue customer` and `identity
# review` tell of: of the records, what people compare.
TABLES: Mapping[str, DirectoryTable] = {
    "customers": DirectoryTable("intermediate", "int_customer_golden", "main", ("customer_id",), 1),
    "customer_values": DirectoryTable(
        "intermediate", "int_customer_golden_values", "main", ("customer_id", "field", "value", *_RECORD), 2
    ),
    "customer_sources": DirectoryTable(
        "identity", "customer_links", "main", ("customer_id", *_RECORD, "source_record_hash"), 3
    ),
    "customer_records": DirectoryTable(
        "intermediate",
        "int_customer_records",
        columns=(
            *_RECORD, "first_seen_date", "first_name", "last_name", "birth_date", "street", "postal_code", "city",
        ),
        is_part=True,
    ),
    "customer_history": DirectoryTable("identity", "customer_history"),
    "link_evidence": DirectoryTable("identity", "link_evidence"),
    "normalised_keys": DirectoryTable("identity", "normalised_keys"),
    "review_queue": DirectoryTable("identity", "review_queue"),
}  # fmt: skip


_SCHEMAS = {table.directory_schema for table in TABLES.values()}


def write_directory(warehouse: Warehouse, home: Home, descriptions: Mapping[str, Description] | None = None) -> int:
    """Replace the directory by what the warehouse holds; returns its number of customers. `descriptions`, by table of
    the warehouse, become comments.

    The file has mode 0600 in a folder of mode 0700. Readers of the former file keep it. Raises ValueError when a
    customer occurs twice, and WarehouseError or WarehouseBusy when the warehouse cannot be read.
    """
    folder = home.directory.parent
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    aside = home.directory.with_suffix(".new")
    for leftover in (aside, Path(f"{aside}.wal")):
        leftover.unlink(missing_ok=True)
    with session(aside) as connection:
        for schema in sorted({table.schema for table in TABLES.values()}):
            read = [table.name for table in TABLES.values() if table.schema == schema]
            warehouse.attach(connection, "warehouse", schema, read)
        for schema in _SCHEMAS:
            connection.execute(f"create schema if not exists {quoted(schema)}")
        for name, table in TABLES.items():
            target = f"{quoted(table.directory_schema)}.{quoted(name)}"
            source = f"warehouse.{quoted(table.schema)}.{quoted(table.name)}"
            connection.execute(f"create table {target} as {table.select(source)}")
            if descriptions is not None and table.name in descriptions:
                write_comments(connection, target, descriptions[table.name])
        counted = connection.execute("select count(*), count(*) - count(distinct customer_id) from customers")
        customers, repeated = counted.fetchone() or (0, 0)
    if repeated:
        aside.unlink()
        raise ValueError(f"customer directory: {repeated} rows of the golden record repeat a customer_id")
    aside.chmod(0o600)
    aside.replace(home.directory)
    return int(customers)


def directory_to_be(warehouse: Warehouse, names: Sequence[str]) -> dict[str, pa.Table]:
    """The same tables as the last run found them, published or not. Raises WarehouseError when one is not there."""
    return {name: warehouse.table(TABLES[name].schema, TABLES[name].name) for name in names}


def read_directory(home: Home, names: Sequence[str]) -> dict[str, pa.Table]:
    """Tables of the directory by name, as the last run that wrote one left them. Raises WarehouseError when one is not
    there."""
    directory = DuckDBWarehouse(home.directory)
    if not home.directory.exists():
        raise WarehouseError(f"there is no customer directory in {home.directory.parent} yet: `omnivue run` first")
    there = {name for schema in _SCHEMAS for name in directory.tables(schema)}
    if missing := [name for name in names if name not in there]:
        raise WarehouseError(
            f"{home.directory} has no table {missing[0]}: another version of Omnivue wrote it. `omnivue run` makes it "
            "anew"
        )
    return {name: directory.table(TABLES[name].directory_schema, name) for name in names}
