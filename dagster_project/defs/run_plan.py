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
from typing import TYPE_CHECKING, Any

from dagster_project.settings import DBT_PROJECT_DIR, PROJECT_ROOT, Settings

if TYPE_CHECKING:
    from dagster_project.publishing import Release

_CODE_SUFFIXES = {".py", ".sql", ".yml", ".yaml", ".csv"}
_CODE_FOLDERS = (DBT_PROJECT_DIR, PROJECT_ROOT / "dagster_project", PROJECT_ROOT / "data_quality")


@dataclass(frozen=True)
class RunPlan:
    """What a run builds from. `as_of` is "now", `data_through` the latest business date delivered (`as_of` before the
    first); models age and mature up to the earlier one. Digests are hex SHA-256, `current_digest` that of the release
    BI reads, None where there is none, or not all that a run makes beside it. `reasons`: why there is something to
    build, for people."""

    as_of: dt.date
    data_through: dt.date
    code_version: str
    input_digest: str
    current_digest: str | None
    reasons: tuple[str, ...] = ()

    @property
    def is_needed(self) -> bool:
        """False when the current release was built from the same files, settings, decisions and code."""
        return self.input_digest != self.current_digest

    @property
    def because(self) -> str:
        """Why a run builds, on one line."""
        return "; ".join(self.reasons) or "a rebuild was asked for"


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


def reasons_to_build(
    current: Release | None, settings: Settings, as_of: dt.date, code_version: str, *, is_whole: bool
) -> tuple[str, ...]:
    """What differs from the current release, where one is needed; files and decisions when nothing else does."""
    if current is None:
        return ("there is no release yet",)
    if not is_whole:
        return ("what a run makes beside the release was removed",)
    before, now = _leaves(current.settings), _leaves(settings.public())
    reasons = []
    if changed := sorted(name for name in before | now if before.get(name) != now.get(name)):
        reasons.append(f"settings changed: {', '.join(changed)}")
    if current.run.code_version != code_version:
        reasons.append("the code changed")
    if current.as_of != as_of:
        reasons.append(f"the day is {as_of}, not {current.as_of}")
    return tuple(reasons) or ("files, decisions or the match model changed",)


def _leaves(settings: Mapping[str, Any], above: str = "") -> dict[str, str]:
    """Settings by dotted name, as the manifest writes them."""
    found: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= _leaves(value, f"{above}{name}.")
        else:
            found[f"{above}{name}"] = json.dumps(value)
    return found


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
