"""What an error says of the machine rather than of the data: a disk that is full, a file that this user may not use.

Libraries raise such errors under many names, so they are told by number and by words; both are the system's own.
"""

from __future__ import annotations

import errno
import getpass
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

_FULL = {errno.ENOSPC, errno.EDQUOT}
# Those of the system, of SQLite, and of DuckDB where it may not spill more.
_FULL_WORDS = (*map(os.strerror, _FULL), "database or disk is full", "max_temp_directory_size")
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_DENIED_WORDS = tuple(map(os.strerror, _DENIED))
# Bytes with which nothing can be done.
_NOTHING = 1 << 20
_PATH = re.compile(r"""["'](/[^"']+)["']|(/\S+?)(?=[:,;]?(\s|$))""")


def is_disk_full(error: BaseException) -> bool:
    """Whether the error, or one behind it, says that a disk is full."""
    return _behind(error, _FULL, _FULL_WORDS) is not None


def is_denied(error: BaseException) -> bool:
    """Whether the error, or one behind it, says that this user may not read or write a file."""
    return _behind(error, _DENIED, _DENIED_WORDS) is not None


def remedy(error: BaseException, root: Path) -> str | None:
    """What happened to the machine and what to do, as a sentence; None when it is about something else. `root` is
    OMNIVUE_HOME."""
    found = _behind(error, _FULL, _FULL_WORDS)
    # Some libraries, SQLite among them, have no word for it.
    if found or _is_full(root):
        path = _place(found, root) if found else root
        disk = shutil.disk_usage(path)
        return (
            f"the disk of {path} is full ({_size(disk.free)} of {_size(disk.total)} are free now). Make room there "
            "(`omnivue doctor` says what each part takes; publishing.keep_releases how many releases are kept), or "
            "move OMNIVUE_HOME to a larger disk, and run again"
        )
    if found := _behind(error, _DENIED, _DENIED_WORDS):
        path = _named(found) or root
        return (
            f"{path} cannot be used by {_user()} ({_words(found, _DENIED_WORDS)}). Give it, and what is in it, to the "
            "user who runs Omnivue (chown), let it be read and written (chmod u+rw, folders u+rwx), and run again"
        )
    return None


def _is_full(root: Path) -> bool:
    return root.is_dir() and shutil.disk_usage(root).free < _NOTHING


def _behind(error: BaseException, numbers: set[int], words: tuple[str, ...]) -> BaseException | None:
    found = [each for each in _chain(error) if _says(each, numbers, words)]
    # The innermost knows the file.
    return next((each for each in reversed(found) if _named(each)), found[-1] if found else None)


def _says(error: BaseException, numbers: set[int], words: tuple[str, ...]) -> bool:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno in numbers
    return any(word in str(error) for word in words)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    waiting, seen = [error], set()
    while waiting:
        each = waiting.pop(0)
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__]


def _named(error: BaseException) -> Path | None:
    """The file that the error is about, where it says so."""
    if isinstance(error, OSError) and isinstance(error.filename, str):
        return Path(error.filename)
    # The orchestrator's errors hold whole tracebacks, with files of their own.
    telling = [line for line in str(error).splitlines() if any(word in line for word in _FULL_WORDS + _DENIED_WORDS)]
    found = _PATH.search(telling[0]) if telling else None
    return Path(found[1] or found[2]) if found else None


def _place(error: BaseException, root: Path) -> Path:
    """What is there of the path that the error names: the file itself may be gone."""
    named = _named(error) or root
    for path in (named, *named.parents):
        if path.is_dir():
            return path
    return root


def _words(error: BaseException, words: tuple[str, ...]) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return next(word for word in words if word in str(error))


def _user() -> str:
    try:
        return f"user {getpass.getuser()}"
    except (KeyError, OSError):
        return f"user {os.getuid()}"


def _size(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
