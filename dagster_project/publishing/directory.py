"""The customer directory: names, addresses and raw source ids, for the few who may see them.

It is a database of its own with its own permissions, only the latest state is kept, and it joins the marts by
customer_id. Nothing of it ever goes into a release.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from dagster_project.publishing.releases import Description, write_comments
from dagster_project.settings import Home
from dagster_project.warehouse import DuckDBWarehouse
from dagster_project.warehouse.warehouse import quoted

VALUE_COLUMNS = ("customer_id", "field", "value", "source_system", "source_person_key", "said_at", "rule")
SOURCE_COLUMNS = ("customer_id", "source_system", "source_person_key", "source_record_hash")


def write_directory(
    golden: pa.Table,
    values: pa.Table,
    links: pa.Table,
    home: Home,
    descriptions: Mapping[str, Description] | None = None,
) -> Path:
    """Replace the directory: table `customers` is `golden` (one row per customer_id), `customer_values` one row per
    value in it with the record that said it and when, `customer_sources` one row per source record with its raw key,
    and `source_record_hash` as the marts' bridge names it. `descriptions`, by table, become their comments.

    The file has mode 0600 in a folder of mode 0700. Readers of the former file keep it. Raises ValueError when a
    column is missing or a customer occurs twice.
    """
    for name, table, columns in (
        ("golden", golden, ("customer_id",)),
        ("values", values, VALUE_COLUMNS),
        ("links", links, SOURCE_COLUMNS),
    ):
        missing = [column for column in columns if column not in table.column_names]
        if missing:
            raise ValueError(f"customer directory: table {name} lacks column '{missing[0]}'")
    repeated = golden.num_rows - len(golden["customer_id"].unique())
    if repeated:
        raise ValueError(f"customer directory: {repeated} rows of the golden record repeat a customer_id")

    folder = home.directory.parent
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    aside = home.directory.with_suffix(".new")
    for leftover in (aside, Path(f"{aside}.wal")):
        leftover.unlink(missing_ok=True)
    directory = DuckDBWarehouse(aside)
    directory.write_all(
        "main",
        {
            "customers": golden.sort_by("customer_id"),
            "customer_values": _sorted(values, VALUE_COLUMNS, keys=2),
            "customer_sources": _sorted(links, SOURCE_COLUMNS, keys=3),
        },
    )
    with directory.writer() as connection:
        for name, description in (descriptions or {}).items():
            write_comments(connection, quoted(name), description)
    aside.chmod(0o600)
    aside.replace(home.directory)
    return home.directory


def _sorted(table: pa.Table, columns: tuple[str, ...], keys: int) -> pa.Table:
    return table.select(list(columns)).sort_by([(name, "ascending") for name in columns[:keys]])
