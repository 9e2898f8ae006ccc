"""The list of customers to call back, beside the customer directory: names and phone numbers, for its owner alone."""

from __future__ import annotations

import csv
import os
from pathlib import Path

import pyarrow as pa

from dagster_project.settings import Home
from dagster_project.spreadsheets import as_text


def write_call_backs(contacts: pa.Table, home: Home) -> Path:
    """Replace `directory/contacts_to_call_back.csv` (UTF-8, mode 0600, in a folder of mode 0700) by `contacts`.

    What a spreadsheet would compute is text in it: people may register under a formula's name.
    """
    folder = home.call_backs.parent
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    aside = home.call_backs.with_suffix(".new")
    aside.unlink(missing_ok=True)
    with os.fdopen(
        os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8", newline=""
    ) as file:
        writer = csv.writer(file)
        writer.writerow(contacts.column_names)
        for row in as_text(contacts).to_pylist():
            writer.writerow([_cell(value) for value in row.values()])
    aside.replace(home.call_backs)
    return home.call_backs


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
