"""What an error says of the machine: a full disk and a file out of reach, under every name libraries give them."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from pathlib import Path

import duckdb
import pytest

from dagster_project.warehouse import DuckDBWarehouse, WarehouseError, remedy
from dagster_project.warehouse.machine import is_denied, is_disk_full

FULL = [
    OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/data/lake/part.parquet"),
    OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)),
    duckdb.IOException('IO Error: Could not write file "/data/w.duckdb": No space left on device'),
    sqlite3.OperationalError("database or disk is full"),
    duckdb.OutOfMemoryException("failed to offload data block; set by the 'max_temp_directory_size' setting"),
]
DENIED = [
    PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/data/warehouse.duckdb"),
    OSError(errno.EROFS, os.strerror(errno.EROFS), "/data"),
    duckdb.IOException('IO Error: Cannot open file "/data/warehouse.duckdb": Permission denied'),
]
OTHER = [OSError(errno.ENOENT, "No such file or directory"), ValueError("x"), duckdb.IOException("Could not set lock")]


@pytest.mark.parametrize("error", FULL, ids=repr)
def test_a_full_disk_is_told_under_every_name(error: Exception, tmp_path: Path) -> None:
    assert is_disk_full(error)
    assert not is_denied(error)
    said = remedy(error, tmp_path)
    assert said is not None
    assert said.startswith("the disk of /")
    assert "is full" in said
    assert "Make room there" in said


@pytest.mark.parametrize("error", DENIED, ids=repr)
def test_a_file_out_of_reach_is_named_with_the_remedy(error: Exception, tmp_path: Path) -> None:
    assert is_denied(error)
    assert not is_disk_full(error)
    said = remedy(error, tmp_path)
    assert said is not None
    assert said.startswith("/data")
    assert "chown" in said
    assert "chmod" in said


@pytest.mark.parametrize("error", OTHER, ids=repr)
def test_what_else_happens_is_not_the_machines(error: Exception, tmp_path: Path) -> None:
    assert remedy(error, tmp_path) is None


def test_the_error_behind_the_error_is_found_and_the_file_it_names(tmp_path: Path) -> None:
    inner = tmp_path / "lake" / "gone" / "part.parquet"
    inner.parent.parent.mkdir()
    outer = RuntimeError("No space left on device")
    outer.__cause__ = KeyError("x")
    outer.__cause__.__context__ = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(inner))
    said = remedy(outer, tmp_path)
    assert said is not None
    # The nearest folder that is there.
    assert said.startswith(f"the disk of {tmp_path / 'lake'} is full (")


def test_a_traceback_in_an_error_is_not_taken_for_its_file(tmp_path: Path) -> None:
    """As Dagster wraps errors; pyarrow names a file in its words alone."""
    text = "Failed to open local file '/data/a b.parquet'. Detail: [errno 13] Permission denied"
    wrapped = RuntimeError(
        f'Error occurred:\nPermissionError: {text}\nStack Trace:\n  File "/lib/execute_plan.py", line 1, in f\n'
    )
    said = remedy(wrapped, tmp_path)
    assert said is not None
    assert said.startswith("/data/a b.parquet cannot be used by user ")


def test_an_error_without_a_word_for_it_on_a_disk_without_a_byte_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = sqlite3.OperationalError("disk I/O error")
    assert remedy(error, tmp_path) is None
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=4096))
    said = remedy(error, tmp_path)
    assert said is not None
    assert said.startswith(f"the disk of {tmp_path} is full (4 KiB of ")


def test_a_warehouse_out_of_reach_is_not_said_to_be_broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Regression: the remedy was to remove and rebuild it."""

    def deny(*_: object, **__: object) -> None:
        raise duckdb.IOException(f'IO Error: Cannot open file "{tmp_path}/w.duckdb": Permission denied')

    monkeypatch.setattr("dagster_project.warehouse.duckdb_warehouse.connect", deny)
    with pytest.raises(WarehouseError) as caught, DuckDBWarehouse(tmp_path / "w.duckdb").writer():
        pass
    assert "omnivue clean" not in str(caught.value)
    said = remedy(caught.value, tmp_path)
    assert said is not None
    assert said.startswith(f"{tmp_path}/w.duckdb cannot be used by user ")
