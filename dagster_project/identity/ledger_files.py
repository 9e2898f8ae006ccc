"""The ledger on disk: `run-<number>.parquet`, one per run that changed something, and `decisions.parquet`.

Files are written aside and renamed, so a crash leaves no half of one; a run's file holds both its links and its
events, so no crash leaves one without the other. Existing run files are never rewritten.
"""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from dagster_project.identity.ledger import DECISIONS_SCHEMA, LEDGER_SCHEMA, Ledger, LedgerError

DECISIONS_FILE = "decisions.parquet"


def load_ledger(folder: Path) -> Ledger:
    """The ledger in `folder`; empty when there is none. Raises LedgerError naming a file that cannot be read."""
    runs = [_read(path, LEDGER_SCHEMA) for path in sorted(folder.glob("run-*.parquet"))]
    rows = pa.concat_tables(runs) if runs else LEDGER_SCHEMA.empty_table()
    return Ledger(rows, load_decisions(folder))


def load_decisions(folder: Path) -> pa.Table:
    """The decisions in the ledger in `folder` (DECISIONS_SCHEMA). Raises LedgerError when they cannot be read."""
    path = folder / DECISIONS_FILE
    return _read(path, DECISIONS_SCHEMA) if path.exists() else DECISIONS_SCHEMA.empty_table()


def append_to_ledger(folder: Path, rows: pa.Table) -> Path | None:
    """Write the rows of one run; None when there are none. Raises LedgerError when the run is already written."""
    if not rows.num_rows:
        return None
    target = folder / f"run-{rows['run'][0].as_py():06d}.parquet"
    if target.exists():
        raise LedgerError(f"{target}: this run is already in the ledger. Load the ledger again and repeat the run.")
    _write(target, rows)
    return target


def add_decisions(folder: Path, decisions: pa.Table) -> None:
    """Add a steward's decisions (DECISIONS_SCHEMA); they hold from the next run on."""
    _write(folder / DECISIONS_FILE, pa.concat_tables([load_decisions(folder), decisions.cast(DECISIONS_SCHEMA)]))


def _read(path: Path, schema: pa.Schema) -> pa.Table:
    try:
        return pq.read_table(path).select(schema.names).cast(schema)
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        raise LedgerError(f"{path}: not a ledger file ({error}). Restore it from a backup.") from error


def _write(target: Path, table: pa.Table) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.new")
    with aside.open("wb") as sink:
        pq.write_table(table, sink, compression="zstd")
        sink.flush()
        os.fsync(sink.fileno())
    aside.chmod(0o600)
    aside.replace(target)
