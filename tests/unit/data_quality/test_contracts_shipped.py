"""The shipped contracts, as a whole: valid ODCS, complete, and consistent with each other."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

import open_data_contract_standard
import pytest
import yaml

from dagster_project.warehouse.duckdb_session import session
from data_quality.contract import CONTRACTS_DIR, Contract, load_contracts

CONTRACTS = load_contracts()
FILES = sorted(CONTRACTS_DIR.glob("*.odcs.yaml"))


def properties(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Every property of the schema, nested ones included."""
    found, waiting = [], list(document["schema"][0]["properties"])
    while waiting:
        item = waiting.pop()
        found.append(item)
        waiting += item.get("properties", []) + item.get("items", {}).get("properties", [])
    return found


def test_there_is_one_contract_per_extract() -> None:
    assert len(CONTRACTS) == 31


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.split(".")[0])
def test_the_contract_is_valid_by_the_standards_own_schema(file: Path) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads(resources.files(open_data_contract_standard).joinpath("schema.json").read_text("utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    errors = [error.message for error in validator.iter_errors(yaml.safe_load(file.read_text(encoding="utf-8")))]
    assert errors == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.split(".")[0])
def test_every_field_is_described_and_classified(file: Path) -> None:
    for item in properties(yaml.safe_load(file.read_text(encoding="utf-8"))):
        assert item["description"].endswith("."), item["name"]
        assert item["classification"] in {"public", "internal", "personal", "sensitive"}, item["name"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name.split(".")[0])
def test_numbers_say_their_unit_unless_they_are_names(file: Path) -> None:
    nameless = {"points_balance", "line_number", "likes", "comments", "shares", "mentions"}
    for item in yaml.safe_load(file.read_text(encoding="utf-8"))["schema"][0]["properties"]:
        is_key = item.get("primaryKey") or item["name"].endswith("_id") or item["name"] == "id"
        if item["logicalType"] in ("integer", "number") and not is_key and item["name"] not in nameless:
            assert [extra["property"] for extra in item.get("customProperties", [])] == ["unit"], item["name"]


def composed(item: dict[str, Any]) -> str:
    """The DuckDB type a nested field's own fields amount to."""
    children = item.get("properties") or item.get("items", {}).get("properties")
    if not children:
        return str(item["physicalType"])
    fields = ", ".join(f'"{child["name"]}" {composed(child)}' for child in children)
    return f"STRUCT({fields})" + ("[]" if item["logicalType"] == "array" else "")


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.id)
def test_types_are_duckdb_types_and_nested_fields_amount_to_theirs(contract: Contract) -> None:
    document = yaml.safe_load(contract.file.read_text(encoding="utf-8"))
    with session() as connection:
        for item in document["schema"][0]["properties"]:
            types = connection.execute(
                f"select typeof(cast(null as {item['physicalType']})), typeof(cast(null as {composed(item)}))"
            ).fetchall()[0]
            assert types[0] == types[1]


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=lambda contract: contract.id)
def test_dates_say_their_format_and_zone(contract: Contract) -> None:
    for column in contract.columns:
        if column.type in ("DATE", "TIMESTAMP"):
            assert column.format is not None, column.name
        if column.type == "TIMESTAMP":
            assert column.has_offset or column.time_zone == "Europe/Paris", column.name


@pytest.mark.parametrize(
    ("extract", "file", "key", "kind"),
    [
        ("crm_contacts", "hubspot-contacts-full-2026-01-04.csv", "hubspot-contacts-full-2026-01-04", "snapshot"),
        ("crm_contacts", "hubspot-contacts-changes-2026-01-04.csv", "hubspot-contacts-changes-2026-01-04", "increment"),
        ("pos_tickets", "tickets_20260105.csv", "tickets_20260105", "increment"),
        ("web_events", "events_20260105.jsonl.gz", "events_20260105", "increment"),
        ("web_events", "events_20260105.parquet", "events_20260105", "increment"),
        ("social_post_insights", "tiktok_posts_2026-01-31.csv", "tiktok_posts_2026-01-31", "increment"),
        ("shop_customers", "customers_export_2026-01-04.csv", "customers_export_2026-01-04", "snapshot"),
        ("products", "products_2026-01-31.xlsx", "products_2026-01-31", "snapshot"),
    ],
)
def test_file_names_say_what_was_delivered(extract: str, file: str, key: str, kind: str) -> None:
    delivery = CONTRACTS[extract].delivery(file)
    assert delivery is not None
    assert (delivery.key, delivery.kind) == (key, kind)


def test_free_text_is_classified_sensitive() -> None:
    sensitive = {(contract.id, column.name) for contract in CONTRACTS.values() for column in contract.columns
                 if column.classification == "sensitive"}  # fmt: skip
    assert sensitive == {
        ("shop_orders", "note"),
        ("support_tickets", "subject"),
        ("support_tickets", "description"),
        ("support_tickets", "events"),
        ("survey_responses", "verbatim"),
        ("bot_conversations", "first_message"),
        ("social_comments", "text"),
    }


def test_contracts_of_accounting_keep_ten_years_and_consents_five() -> None:
    retention = {name: contract.retention_days for name, contract in CONTRACTS.items()}
    assert retention["shop_orders"] == retention["pos_tickets"] == retention["shop_transactions"] == 3650
    assert retention["consents"] == 1825
    assert retention["web_events"] == 760
