"""The list of customers to call back is for its owner alone, and no spreadsheet computes what it holds."""

from __future__ import annotations

import csv
from pathlib import Path

import pyarrow as pa

from dagster_project.publishing import write_call_backs
from dagster_project.settings import Home


def read(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle))


def test_only_the_owner_reads_it_and_it_is_replaced_whole(tmp_path: Path) -> None:
    home = Home(tmp_path)
    file = write_call_backs(pa.table({"customer_id": ["c1", "c2"], "is_new": [True, False], "score": [1, None]}), home)
    assert file == tmp_path / "directory" / "contacts_to_call_back.csv"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert read(file) == [["customer_id", "is_new", "score"], ["c1", "yes", "1"], ["c2", "no", ""]]
    write_call_backs(pa.table({"customer_id": pa.array([], pa.string())}), home)
    assert read(file) == [["customer_id"]]
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_formulas_are_text(tmp_path: Path) -> None:
    names = ["=1+1", "+33612345678", "-2", "@sum", " =x", "\t=y", 'O\'Neil, "Jo"', "a=b"]
    rows = read(write_call_backs(pa.table({"last_name": names}), Home(tmp_path)))
    assert [name for (name,) in rows[1:]] == [
        "'=1+1", "'+33612345678", "'-2", "'@sum", "' =x", "'\t=y", "O'Neil, \"Jo\"", "a=b"
    ]  # fmt: skip
