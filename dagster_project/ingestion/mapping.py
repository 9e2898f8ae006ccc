"""Bring your own format: rows of one extract that also become rows of another contract's table, by SQL beside
the contract.

The SQL is a select from `source`, the rows of one delivery that passed their own contract, with the lake's
columns (`_file`, `_line`, ..., `ds`, `delivery`). It yields the target's columns by name; optional ones may be
left out. Its rows must keep the target's contract: the SQL is written by whoever knows both sides, so a row
that does not is a fault of the mapping, and refuses the file instead of loading part of it.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from dagster_project.ingestion.expressions import (
    Delivered,
    all_reasons,
    column_sql,
    first_broken,
    literal,
    quoted,
)
from dagster_project.ingestion.lake import path_segment
from dagster_project.ingestion.loader import FileResult
from dagster_project.ingestion.probe import FileRefusedError
from dagster_project.warehouse.machine import is_disk_full
from dagster_project.warehouse.warehouse import exactly
from data_quality.contract import Contract


def map_delivery(
    connection: duckdb.DuckDBPyConnection, source: Contract, target: Contract, result: FileResult, folder: Path
) -> Path | None:
    """Write the delivery's rows in the target's columns to `folder`; None when there are none.

    Raises FileRefusedError when the SQL fails, leaves out a required column, or yields a row that breaks the target's
    contract.
    """
    delivery = result.landed.delivery
    if result.staged is None or delivery is None:
        return None
    name = source.mappings[target.id]
    staged = literal(f"{exactly(result.staged)}/*.parquet")
    connection.execute(
        f"""
        create or replace temp view source as
        select *, cast({literal(delivery.business_date.isoformat())} as DATE) as ds,
            {literal(path_segment(delivery.key))} as delivery
        from read_parquet({staged}, hive_partitioning = false)
        """
    )
    try:
        connection.execute(f"create or replace temp table mapped as {source.mapping_sql(target.id)}")
    except duckdb.Error as error:
        if is_disk_full(error):
            raise
        first = str(error).splitlines()[0]
        raise FileRefusedError(f"cannot be mapped to {target.id}: {name} fails ({first}); mend the SQL") from error
    described = dict(connection.execute("select name, type from pragma_table_info('mapped')").fetchall())
    if missing := [column.name for column in target.required if column.name not in described]:
        raise FileRefusedError(
            f"cannot be mapped to {target.id}: {name} yields no column '{missing[0]}', which is required; add it"
        )
    delivered = {
        column.name: Delivered(
            quoted(column.name),
            "text" if described[column.name] == "VARCHAR" and column.is_text else "typed",
            source_type=described[column.name],
        )
        for column in target.columns
        if column.name in described
    }
    sql = column_sql(target, delivered, target.dialects[0])
    raw = ", ".join(f"{item.delivered.sql} as {item.raw}" for item in sql if item.delivered.kind != "absent")
    typed = ", ".join(f"{item.typed} as {item.value}" for item in sql)
    line = "_line" if "_line" in described else "rowid + 1"
    connection.execute(
        f"""
        create or replace temp table typed as
        select *, {first_broken(sql)} as _column, {all_reasons(sql)} as _reason
        from (select *, {typed} from (select {raw}, cast({line} as BIGINT) as _line from mapped))
        """
    )
    broken = connection.execute(
        "select count(*), arg_min(_reason, _line), min(_line) from typed where _column is not null"
    ).fetchall()[0]
    if broken[0]:
        raise FileRefusedError(
            f"cannot be mapped to {target.id}: {broken[0]} of the rows {name} yields break its contract, the first "
            f"from line {broken[2]} ({broken[1]}); mend the SQL"
        )
    if connection.execute("select count(*) from typed").fetchall() == [(0,)]:
        return None
    values = ", ".join(f"{item.value} as {quoted(item.column.name)}" for item in sql)
    folder.mkdir(parents=True, exist_ok=True)
    connection.execute(
        f"""
        copy (
            select {values}, {literal(result.landed.file)} as _file, _line,
                cast({literal(str(result.landed.arrival))} as DATE) as _arrival_date,
                {literal(delivery.kind)} as _delivery_kind, cast(null as VARCHAR) as _extra
            from typed
        ) to {literal((folder / "part.parquet").as_posix())} (format parquet)
        """
    )
    return folder


def mapped_key(extract: str, delivery: str) -> str:
    """The delivery in the target's folder."""
    return f"{extract}__{delivery}"
