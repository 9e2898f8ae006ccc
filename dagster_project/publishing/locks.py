"""One run at a time. The lock is the operating system's, so a crash gives it back; no file is ever stale."""

from __future__ import annotations

import datetime as dt
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dagster_project.settings import Home


class RunBusy(RuntimeError):  # noqa: N818 - a state, not a mistake: exit code "busy"
    """Another run is at work in the same home; the message says which process and since when."""


@contextmanager
def run_lock(home: Home, *, started_at: dt.datetime) -> Iterator[None]:
    """Hold `home.lock` for the block. Raises RunBusy at once when another process, or thread, holds it.

    The file keeps the holder's pid and `started_at` (with its zone) for that message; its content locks nothing.
    """
    home.lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise RunBusy(
                f"another run is at work in {home.root}{_holder(home.lock)}. Wait for it to end; it releases the "
                "lock even if it crashes."
            ) from error
        os.ftruncate(descriptor, 0)
        os.write(descriptor, json.dumps({"pid": os.getpid(), "started_at": started_at.isoformat()}).encode())
        yield
    finally:
        os.close(descriptor)


def _holder(lock: Path) -> str:
    try:
        content = json.loads(lock.read_text(encoding="utf-8"))
        return f" (process {content['pid']}, since {content['started_at']})"
    except (OSError, ValueError, KeyError, TypeError):
        return ""


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Hold the lock on `path` for the block, waiting for whoever has it: for steps of milliseconds."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
