"""What a run is about to do, decided once, after ingestion and before the first model.

The rule of 'nothing new': a release is a function of the delivered files, the settings, the code and what stewards
decided. Their digests together are the release's `input_digest`. When it equals the current release's, there is nothing
to build.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dagster_project.settings import DBT_PROJECT_DIR, PROJECT_ROOT, Settings

_CODE_SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".csv"}
_CODE_FOLDERS = (DBT_PROJECT_DIR, PROJECT_ROOT / "dagster_project", PROJECT_ROOT / "data_quality")


@dataclass(frozen=True)
class RunPlan:
    """What a run builds from. `as_of` is "now", `data_through` the latest business date delivered (`as_of` before the
    first); models age and mature up to the earlier one. Digests are hex SHA-256, `current_digest` that of the release
    BI reads, None where there is none, or not all that a run makes beside it."""

    as_of: dt.date
    data_through: dt.date
    code_version: str
    input_digest: str
    current_digest: str | None

    @property
    def is_needed(self) -> bool:
        """False when the current release was built from the same files, settings, decisions and code."""
        return self.input_digest != self.current_digest


def input_digest(
    deliveries: Iterable[tuple[str, ...]],
    settings: Settings,
    as_of: dt.date,
    code_version: str,
    models: Mapping[str, str] | None = None,
    decisions: str = "",
) -> str:
    """Digest of all a release depends on; the order of `deliveries` does not matter.

    Each delivery is a tuple that changes whenever its content, its place or its part in the lake does; `models` are the
    versions of fitted models by name, `decisions` the digest of what stewards decided.
    """
    facts = {
        "deliveries": sorted(list(map(str, delivery)) for delivery in deliveries),
        "settings": settings.public(),
        "as_of": as_of.isoformat(),
        "code": code_version,
        "models": dict(models or {}),
        "decisions": decisions,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def code_version() -> str:
    """Digest of the sources that decide what a release holds: dbt project, Python rooms, contracts and suites."""
    return digest_of_files(_CODE_FOLDERS)


def digest_of_files(folders: Iterable[Path], suffixes: frozenset[str] = frozenset(_CODE_SUFFIXES)) -> str:
    """Digest over names and contents of source files below `folders`, in a stable order."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.suffix in suffixes and path.is_file() and not _is_output(path, folder):
                digest.update(f"{folder.name}/{path.relative_to(folder).as_posix()}\0".encode())
                digest.update(path.read_bytes())
                digest.update(b"\0")
    return digest.hexdigest()


def _is_output(path: Path, folder: Path) -> bool:
    return any(part in {"target", "logs", "__pycache__", "dbt_packages"} for part in path.relative_to(folder).parts)
