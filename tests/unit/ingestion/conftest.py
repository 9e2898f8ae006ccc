"""A small world for ingestion: a home, contracts written in a few words, deliveries written inline."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from dagster_project.ingestion import IngestionReport, ingest, read_deliveries, read_quarantine
from dagster_project.settings import Home, Settings, shipped_settings
from data_quality.contract import Contract, load_contracts

TODAY = dt.date(2026, 1, 31)
LOGICAL = {
    "VARCHAR": "string", "BIGINT": "integer", "INTEGER": "integer", "DOUBLE": "number", "DATE": "date",
    "TIMESTAMP": "timestamp", "BOOLEAN": "boolean",
}  # fmt: skip


def column(name: str, type_: str = "VARCHAR", **more: Any) -> dict[str, Any]:
    """One ODCS property; `key` is its position in the primary key, `enum` its allowed values, `options` the type's."""
    prop: dict[str, Any] = {
        "name": name,
        "physicalName": more.get("header", name),
        "physicalType": type_,
        "logicalType": "array" if type_.endswith("[]") else LOGICAL.get(type_, "number" if "(" in type_ else "object"),
        "classification": "internal",
        "description": f"The {name}.",
        "required": more.get("required", "key" in more),
    }
    if type_.startswith("STRUCT") and not type_.endswith("[]"):
        prop["logicalType"] = "object"
    if "key" in more:
        prop |= {"primaryKey": True, "primaryKeyPosition": more["key"]}
    if "options" in more:
        prop["logicalTypeOptions"] = more["options"]
    if "enum" in more:
        check = {"type": "library", "metric": "invalidValues", "arguments": {"validValues": more["enum"]}, "mustBe": 0}
        prop["quality"] = [check]
    return prop


def document(
    name: str,
    columns: Sequence[dict[str, Any]],
    *,
    format: str = "csv",  # noqa: A002
    encoding: str | None = None,
    pattern: str | None = None,
    delivery: Any = "increment",
    **custom: Any,
) -> dict[str, Any]:
    """An ODCS document; everything else goes to its customProperties."""
    extension = {"csv": "csv", "json": r"jsonl(\.gz|\.zst)?", "parquet": "parquet", "xlsx": "xlsx"}[format]
    properties = {"filePattern": pattern or rf"^{name}_(?P<date>\d{{8}})\.{extension}$", "delivery": delivery, **custom}
    server = {"server": "landing", "type": "local", "path": f"landing/{name}", "format": format}
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": name,
        "version": "1.0.0",
        "status": "active",
        "servers": [server | ({"encoding": encoding} if encoding else {})],
        "schema": [{"name": name, "properties": list(columns)}],
        "slaProperties": [
            {"property": "frequency", "value": 1, "unit": "d"},
            {"property": "latency", "value": 4, "unit": "d"},
            {"property": "retention", "value": 3, "unit": "y"},
        ],
        "customProperties": [{"property": key, "value": value} for key, value in properties.items()],
    }


@dataclass
class World:
    """A home with contracts of its own."""

    home: Home
    settings: Settings

    @property
    def contracts(self) -> dict[str, Contract]:
        return load_contracts([self.home.root / "contracts"])

    def contract(self, *arguments: Any, **more: Any) -> None:
        """Write or overwrite a contract."""
        content = document(*arguments, **more)
        folder = self.home.root / "contracts"
        folder.mkdir(exist_ok=True)
        (folder / f"{content['id']}.odcs.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")

    def deliver(self, extract: str, arrival: str, name: str, content: str | bytes) -> Path:
        path = self.home.landing / extract / arrival / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def ingest(self, today: dt.date = TODAY) -> IngestionReport:
        return ingest(self.home, self.settings, self.contracts, today=today)

    def rows(
        self, extract: str, columns: str = "*", where: str = "true", order: str = "_file, _line"
    ) -> list[tuple[Any, ...]]:
        """Rows of the lake as staging reads them, by file and line."""
        files = f"{self.home.lake}/raw/{extract}/*/*/*.parquet"
        with duckdb.connect() as session:
            return session.execute(
                f"select {columns} from read_parquet('{files}', hive_partitioning = true, union_by_name = true) "
                f"where {where} order by {order}"
            ).fetchall()

    def quarantine(self, *names: str) -> list[tuple[Any, ...]]:
        """Quarantine entries, by default (line, column_name, outcome)."""
        chosen = names or ("line", "column_name", "outcome")
        return [tuple(row[name] for name in chosen) for row in read_quarantine(self.home).to_pylist()]

    def deliveries(self, *names: str) -> list[tuple[Any, ...]]:
        chosen = names or ("file", "outcome", "is_current")
        return [tuple(row[name] for name in chosen) for row in read_deliveries(self.home).to_pylist()]

    def lake_files(self) -> dict[str, bytes]:
        """Every Parquet file of the lake with its bytes, without the ledgers."""
        return {
            path.relative_to(self.home.lake / "raw").as_posix(): path.read_bytes()
            for path in (self.home.lake / "raw").rglob("*.parquet")
        }


@pytest.fixture
def make_world(tmp_path: Path) -> Callable[[str], World]:
    return lambda name: World(Home(tmp_path / name).create(), shipped_settings())


@pytest.fixture
def world(make_world: Callable[[str], World]) -> World:
    return make_world("home")


@pytest.fixture
def column_of() -> Callable[..., dict[str, Any]]:
    return column
