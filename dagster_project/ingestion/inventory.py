"""What lies in the landing folder: `landing/<extract>/<arrival date>/<file>`, each file addressed by its
content.

Modification times decide nothing; they only tell a file that changes under the reader's hands. Whether a file may be
used is decided here as far as its place, name and kind tell; what its content tells is `probe`'s and the readers'
business.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
import stat
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from data_quality.contract import Contract, Delivery

_CLOSED = "cannot be opened"


@dataclass(frozen=True)
class LandedFile:
    """One file. `file` is its path under landing, with forward slashes, fit to be shown and stored; `sha256` its
    content; `stamp` tells this state of the file from another.

    `refusal` says why place, name or kind forbid its use; then `arrival` or `delivery` may be None.
    """

    file: str
    path: Path
    sha256: str
    size: int
    stamp: tuple[int, ...]
    arrival: dt.date | None
    delivery: Delivery | None
    refusal: str | None = None

    @property
    def is_closed(self) -> bool:
        """Whether it could not be opened, so that its content is not known."""
        return self.refusal is not None and self.refusal.startswith(_CLOSED)

    @property
    def has_changed(self) -> bool:
        """Whether the file is no longer the one whose content was hashed."""
        try:
            return _stamp(self.path.lstat()) != self.stamp
        except OSError:
            return True


def list_files(contract: Contract, landing: Path) -> list[tuple[str, Path]]:
    """(path under landing, path) of every file of the extract, in order, and of what lies there in a file's place:
    links, pipes, folders that bear a file's name or cannot be listed. What is hidden or ends in `.part` or `.tmp` is
    still being written.
    """
    found: list[Path] = []
    folders = [landing / contract.id]
    while folders:
        folder = folders.pop()
        if folder.is_symlink():
            found.append(folder)
            continue
        try:
            with os.scandir(folder) as entries:
                listed = [entry for entry in entries if not entry.name.startswith(".")]
        except FileNotFoundError:
            continue
        except OSError:
            found.append(folder)
            continue
        for entry in listed:
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder and contract.delivery(entry.name) is None:
                folders.append(Path(entry.path))
            elif is_folder or not entry.name.endswith((".part", ".tmp")):
                found.append(Path(entry.path))
    return sorted((_file(path, landing), path) for path in found)


def inspect(contract: Contract, files: Iterable[tuple[str, Path]], last_day: dt.date, threads: int) -> list[LandedFile]:
    """Hash the files and judge their places and names. Folders after `last_day` are refused: one row of the
    year 2999 would move every date that is derived from arrivals.
    """
    listed = list(files)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        return list(pool.map(lambda item: _judge(contract, item[0], item[1], last_day), listed))


def first_folder(landing: Path) -> dt.date | None:
    """The earliest arrival date that a folder in landing bears; None without one."""
    days = (_day(path.name) for path in landing.glob("*/*"))
    return min((day for day in days if day is not None), default=None)


def unknown_folders(landing: Path, extracts: Iterable[str]) -> list[str]:
    """Folders in landing that no contract claims."""
    if not landing.is_dir():
        return []
    known = set(extracts)
    return sorted(shown(path.name) for path in landing.iterdir() if path.is_dir() and path.name not in known)


def shown(text: str) -> str:
    """A text from outside without what no terminal, table or log takes: control characters, marks that turn the
    direction of writing, bytes that are no UTF-8."""
    whole = text.encode("utf-8", "backslashreplace").decode()
    return re.sub("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]", lambda match: ascii(match[0])[1:-1], whole)


def _file(path: Path, landing: Path) -> str:
    """The path under landing; names that are plain text stay as they are, others stay apart."""
    return shown(path.relative_to(landing).as_posix().replace("\\", "\\\\"))


def _stamp(status: os.stat_result) -> tuple[int, ...]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _judge(contract: Contract, file: str, path: Path, last_day: dt.date) -> LandedFile:
    parts = file.split("/")
    arrival = _day(parts[1]) if len(parts) == 3 else None
    is_plain = path.as_posix().endswith(file)
    delivery = contract.delivery(path.name) if is_plain else None
    sha, size = "unreadable", 0
    stamp: tuple[int, ...] = ()
    refusal = None
    try:
        status = path.lstat()
        refusal = _wrong_kind(status)
        if refusal is None:
            sha, stamp, size = _sha256(path), _stamp(status), status.st_size
    except OSError as error:
        refusal = f"{_CLOSED} ({error.strerror}); make it readable"
    if refusal is not None:
        pass
    elif not is_plain:
        refusal = "has a name that is no plain text, its odd characters are shown as \\x..; rename it"
    elif arrival is None:
        refusal = f"does not lie in {contract.id}/<arrival date YYYY-MM-DD>/; move it into the folder of its arrival"
    elif delivery is None:
        refusal = f"has a name unlike {contract.file_pattern}; rename it, or mend filePattern in {contract.file.name}"
    elif arrival > last_day:
        refusal = f"lies in a folder dated {arrival}, after {last_day}; correct the folder's date"
    return LandedFile(file, path, sha, size, stamp, arrival, delivery, refusal)


def _wrong_kind(status: os.stat_result) -> str | None:
    """Links could lead out of landing, and pipes never end."""
    if stat.S_ISLNK(status.st_mode):
        return "is a symbolic link; put the file itself there"
    if stat.S_ISDIR(status.st_mode):
        return "is a folder, which cannot be listed or bears a file's name; put the file itself there"
    if not stat.S_ISREG(status.st_mode):
        return "is no regular file (a pipe, a socket or a device); put the file itself there"
    return None


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _day(folder: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(folder) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", folder) else None
    except ValueError:
        return None
