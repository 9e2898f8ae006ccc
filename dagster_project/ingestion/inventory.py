"""What lies in the landing folder: `landing/<extract>/<arrival date>/<file>`, each file addressed by its
content.

Modification times are never read. Whether a file may be used is decided here as far as its place and name tell;
what its content tells is `probe`'s and the readers' business.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from data_quality.contract import Contract, Delivery


@dataclass(frozen=True)
class LandedFile:
    """One file. `file` is its path under landing, with forward slashes; `sha256` its content.

    `refusal` says why place or name forbid its use; then `arrival` or `delivery` may be None.
    """

    file: str
    path: Path
    sha256: str
    size: int
    arrival: dt.date | None
    delivery: Delivery | None
    refusal: str | None = None


def list_files(contract: Contract, landing: Path) -> list[tuple[str, Path]]:
    """(path under landing, path) of every file of the extract, in order. Hidden files and `*.part` are still
    being written.
    """
    root = landing / contract.id
    found = [
        (path.relative_to(landing).as_posix(), path)
        for path in root.rglob("*")
        if not path.name.startswith(".") and not path.name.endswith((".part", ".tmp")) and path.is_file()
    ]
    return sorted(found)


def inspect(contract: Contract, files: Iterable[tuple[str, Path]], last_day: dt.date, threads: int) -> list[LandedFile]:
    """Hash the files and judge their places and names. Folders after `last_day` are refused: one row of the
    year 2999 would move every date that is derived from arrivals.
    """
    listed = list(files)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        hashes = list(pool.map(_sha256, (path for _, path in listed)))
    return [
        _judge(contract, file, path, sha, size, last_day)
        for (file, path), (sha, size) in zip(listed, hashes, strict=True)
    ]


def unknown_folders(landing: Path, extracts: Iterable[str]) -> list[str]:
    """Folders in landing that no contract claims."""
    if not landing.is_dir():
        return []
    known = set(extracts)
    return sorted(path.name for path in landing.iterdir() if path.is_dir() and path.name not in known)


def _sha256(path: Path) -> tuple[str, int]:
    try:
        with path.open("rb") as handle:
            return hashlib.file_digest(handle, "sha256").hexdigest(), path.stat().st_size
    except OSError as error:
        return f"unreadable: {error.strerror}", 0


def _judge(contract: Contract, file: str, path: Path, sha: str, size: int, last_day: dt.date) -> LandedFile:
    parts = file.split("/")
    arrival = _day(parts[1]) if len(parts) == 3 else None
    delivery = contract.delivery(path.name)
    refusal = None
    if sha.startswith("unreadable"):
        refusal = f"cannot be opened ({sha.removeprefix('unreadable: ')}); make it readable"
    elif arrival is None:
        refusal = f"does not lie in {contract.id}/<arrival date YYYY-MM-DD>/; move it into the folder of its arrival"
    elif delivery is None:
        refusal = f"has a name unlike {contract.file_pattern}; rename it, or mend filePattern in {contract.file.name}"
    elif arrival > last_day:
        refusal = f"lies in a folder dated {arrival}, after {last_day}; correct the folder's date"
    return LandedFile(file, path, sha, size, arrival, delivery, refusal)


def _day(folder: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(folder) if len(folder) == 10 else None
    except ValueError:
        return None
