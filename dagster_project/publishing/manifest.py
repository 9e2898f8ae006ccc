"""`release.json`: what a release holds and how to tell that it is whole."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCHEMA_VERSION = 1
MANIFEST = "release.json"
DATABASE = "omnivue.duckdb"


class ReleaseError(RuntimeError):
    """A release that is absent, damaged or of another version; the message names it and the remedy."""


@dataclass(frozen=True)
class RunInfo:
    """What a release says of the run that made it. `checks` counts the gate's results by outcome, such as
    {"passed": 210, "warning": 2}; `input_digest` stands for the extracts, settings and code it was built from."""

    as_of: dt.date
    data_through: dt.date
    code_version: str
    engine: str
    input_digest: str
    checks: Mapping[str, int]


@dataclass(frozen=True)
class ReleaseFile:
    """A file of a release, by its name in the release's folder."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ReleaseTable:
    """A published table. Its Parquet file's checksum is that of its content: equal content gives equal bytes. No two
    rows share the columns of one of its `keys`."""

    name: str
    rows: int
    columns: tuple[str, ...]
    parquet: ReleaseFile
    keys: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class Release:
    """A release as its manifest describes it. `audit` counts, by check, the tables that passed it once the files were
    closed."""

    id: str
    path: Path
    built_at: dt.datetime
    run: RunInfo
    settings: Mapping[str, Any]
    storage_version: str
    database: ReleaseFile
    tables: tuple[ReleaseTable, ...]
    audit: Mapping[str, int] = field(default_factory=dict)

    @property
    def as_of(self) -> dt.date:
        return self.run.as_of

    @property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(table.rows for table in self.tables)

    @property
    def files(self) -> tuple[ReleaseFile, ...]:
        """Every file but the manifest."""
        return (self.database, *(table.parquet for table in self.tables))

    def table(self, name: str) -> ReleaseTable:
        """Raises ReleaseError when the release has no such table."""
        for table in self.tables:
            if table.name == name:
                return table
        raise ReleaseError(f"release {self.id} has no table '{name}'")

    def to_json(self) -> str:
        """The manifest's text."""
        return json.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "id": self.id,
                "built_at": self.built_at.isoformat(),
                "as_of": self.run.as_of.isoformat(),
                "data_through": self.run.data_through.isoformat(),
                "code_version": self.run.code_version,
                "engine": self.run.engine,
                "input_digest": self.run.input_digest,
                "checks": dict(self.run.checks),
                "audit": dict(self.audit),
                "settings": self.settings,
                "storage_version": self.storage_version,
                "database": vars(self.database),
                "tables": [
                    {
                        "name": table.name,
                        "rows": table.rows,
                        "columns": list(table.columns),
                        "keys": [list(key) for key in table.keys],
                        "parquet": vars(table.parquet),
                    }
                    for table in self.tables
                ],
            },
            indent=2,
            ensure_ascii=False,
        )


def read_release(path: Path) -> Release:
    """The release in the folder `path`. Raises ReleaseError when its manifest cannot be read, or was written by a
    newer Omnivue."""
    file = path / MANIFEST
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReleaseError(f"{file}: no release can be read here ({error}). Publish again, or roll back.") from error
    version = content.get("schema_version") if isinstance(content, dict) else None
    if version != SCHEMA_VERSION:
        raise ReleaseError(
            f"release {path.name} has schema version {version!r}, this Omnivue reads {SCHEMA_VERSION}. "
            "Install the version of Omnivue that wrote it, or roll back to an older release."
        )
    try:
        return Release(
            id=content["id"],
            path=path,
            built_at=dt.datetime.fromisoformat(content["built_at"]),
            run=RunInfo(
                as_of=dt.date.fromisoformat(content["as_of"]),
                data_through=dt.date.fromisoformat(content["data_through"]),
                code_version=content["code_version"],
                engine=content["engine"],
                input_digest=content["input_digest"],
                checks=content["checks"],
            ),
            settings=content["settings"],
            storage_version=content["storage_version"],
            database=ReleaseFile(**content["database"]),
            tables=tuple(
                ReleaseTable(
                    table["name"],
                    table["rows"],
                    tuple(table["columns"]),
                    ReleaseFile(**table["parquet"]),
                    tuple(tuple(key) for key in table.get("keys", [])),
                )
                for table in content["tables"]
            ),
            # Releases before the audit have neither this nor keys.
            audit=content.get("audit", {}),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ReleaseError(f"{file}: not a release's manifest ({error!r}). Roll back to an older release.") from error
