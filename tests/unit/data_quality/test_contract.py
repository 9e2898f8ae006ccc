"""Contracts: what is read from an ODCS file, and how its faults are named."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
import yaml

from data_quality.contract import Column, ContractError, Dialect, load_contract, load_contracts

CONTENT = """
apiVersion: v3.1.0
kind: DataContract
id: tills
name: Till tickets
version: 1.2.0
status: active
domain: sales
description: {purpose: What was sold., usage: A nightly journal., limitations: Typed by hand.}
team: {name: Store operations}
servers:
  - {server: landing, type: local, path: landing/tills, format: csv, encoding: cp1252}
  - {server: other, type: local, path: landing/tills, format: parquet}
schema:
  - name: tills
    dataGranularityDescription: One row per line.
    properties:
      - name: line
        physicalName: ligne
        description: Position on the ticket.
        logicalType: integer
        physicalType: INTEGER
        logicalTypeOptions: {minimum: 1}
        required: true
        primaryKey: true
        primaryKeyPosition: 2
        classification: internal
      - name: ticket
        description: Number of the ticket.
        logicalType: string
        physicalType: VARCHAR
        required: true
        primaryKey: true
        primaryKeyPosition: 1
        classification: personal
      - name: kind
        description: What it is.
        logicalType: string
        physicalType: VARCHAR
        classification: public
        quality:
          - {type: library, metric: invalidValues, arguments: {validValues: [sale, 5]}, mustBe: 0}
      - name: sold_at
        description: When it was sold.
        logicalType: timestamp
        physicalType: TIMESTAMP
        logicalTypeOptions: {format: dd/MM/yyyy HH:mm, timezone: false, defaultTimezone: Europe/Paris}
        classification: internal
        customProperties: [{property: unit, value: minutes}]
slaProperties:
  - {property: frequency, value: 1, unit: d}
  - {property: latency, value: 4, unit: d}
  - {property: retention, value: 10, unit: y}
customProperties:
  - {property: filePattern, value: '^tills_(?P<kind>full|day)_(?P<date>\\d{4}-\\d{2}-\\d{2})\\.(csv|parquet)$'}
  - {property: delivery, value: {full: snapshot, day: increment}}
  - {property: delimiter, value: ';'}
  - {property: decimalSeparator, value: ','}
  - {property: maxRejectedShare, value: 0.05}
"""


def write(folder: Path, content: dict[str, Any] | str, name: str = "tills") -> Path:
    file = folder / f"{name}.odcs.yaml"
    file.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
    return file


def test_a_contract_is_read_whole(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, CONTENT))
    assert (contract.id, contract.name, contract.version, contract.owner) == (
        "tills", "Till tickets", "1.2.0", "Store operations",
    )  # fmt: skip
    assert contract.description == "What was sold. A nightly journal. Typed by hand."
    assert [column.name for column in contract.columns] == ["line", "ticket", "kind", "sold_at"]
    assert [column.name for column in contract.key] == ["ticket", "line"]
    assert [column.name for column in contract.required] == ["line", "ticket"]
    assert [column.name for column in contract.personal] == ["ticket"]
    assert contract.column("line") == Column(
        name="line", header="ligne", type="INTEGER", logical_type="integer", description="Position on the ticket.",
        classification="internal", required=True, key_position=2, minimum="1",
    )  # fmt: skip
    assert contract.column("kind").valid_values == ("sale", "5")
    sold_at = contract.column("sold_at")
    assert (sold_at.format, sold_at.has_offset, sold_at.time_zone, sold_at.unit) == (
        "dd/MM/yyyy HH:mm", False, "Europe/Paris", "minutes",
    )  # fmt: skip
    assert (contract.frequency_days, contract.latency_days, contract.retention_days) == (1, 4, 3650)
    assert contract.max_rejected_share == 0.05
    assert contract.dialect("tills_day_2026-01-05.csv") == Dialect("csv", "cp1252", ";", decimal_separator=",")
    assert contract.dialect("tills_day_2026-01-05.parquet").format == "parquet"
    with pytest.raises(KeyError, match="tills: no column 'x'; its columns are line, ticket"):
        contract.column("x")


def test_key_kind_and_day_come_from_the_file_name(tmp_path: Path) -> None:
    contract = load_contract(write(tmp_path, CONTENT))
    delivery = contract.delivery("tills_full_2026-01-05.csv")
    assert delivery is not None
    assert (delivery.key, delivery.kind, delivery.business_date) == (
        "tills_full_2026-01-05", "snapshot", dt.date(2026, 1, 5),
    )  # fmt: skip
    packed = contract.delivery("tills_day_2026-01-05.parquet")
    assert packed is not None
    assert (packed.key, packed.kind) == ("tills_day_2026-01-05", "increment")
    assert contract.delivery("tills_day_2026-02-30.csv") is None
    assert contract.delivery("my_tills_day_2026-01-05.csv") is None


def test_the_layout_changes_with_what_values_depend_on_and_with_nothing_else(tmp_path: Path) -> None:
    layout = load_contract(write(tmp_path, CONTENT)).layout
    for harmless in (("minimum: 1", "minimum: 2"), ("Position on", "Place on"), ("value: 0.05", "value: 0.5")):
        assert load_contract(write(tmp_path, CONTENT.replace(*harmless))).layout == layout
    for change in (
        ("INTEGER", "BIGINT"),
        ("Europe/Paris", "Europe/London"),
        ("value: ','", "value: '.'"),
        ("ligne", "li"),
    ):
        assert load_contract(write(tmp_path, CONTENT.replace(*change))).layout != layout


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("id: tills", "id: other", "id: is 'other', the file's name says 'tills'"),
        ("version: 1.2.0", "versoin: 1.2.0", "versoin holds '1.2.0': Extra inputs are not permitted"),
        ("domain: sales", "domain: [", "not valid YAML"),
        ("format: csv", "format: xml", "servers.landing: format 'xml' is none of csv, json, parquet, xlsx"),
        ("cp1252", "cp9999", "servers.landing: encoding 'cp9999' is not known to Python"),
        ("name: kind", "name: Kind", "'Kind' is no column name; use snake_case"),
        ("physicalName: ligne", "physicalName: TICKET ", "physicalName 'ticket' stands twice"),
        ("classification: public", "classification: secret", "classification is 'secret', use one of public, internal"),
        ("description: What it is.", "businessName: x", "schema.properties.kind: has no description"),
        ("Position: 2", "Position: 3", "primaryKeyPosition holds [1, 3]; count from 1 without gaps"),
        ("Europe/Paris", "Europe/Lutetia", "defaultTimezone 'Europe/Lutetia' is not an IANA time zone"),
        ("(?P<date>", "(?P<day>", "has no group (?P<date>...), the business date"),
        ("(?P<kind>full|day)", "(full|day)", "is a map by `kind` exactly when filePattern has a group `kind`"),
        ("full: snapshot", "full: everything", "'full' is neither snapshot nor increment"),
        ("value: ';'", "value: '||'", "delimiter and quote are single characters"),
        ("value: 0.05", "value: 5", "maxRejectedShare: '5' is no share between 0 and 1"),
        ("property: delimiter", "property: delimeter", "'delimeter' is not known; known are decimalSeparator"),
        ("property: latency", "property: latencies", "slaProperties: 'latency' is missing"),
        ("value: 4, unit: d", "value: 4, unit: weeks", "slaProperties.latency: '4 weeks' is no number of days"),
    ],
)  # fmt: skip
def test_a_faulty_contract_is_named_with_place_value_and_remedy(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    assert old in CONTENT
    with pytest.raises(ContractError) as error:
        load_contract(write(tmp_path, CONTENT.replace(old, new)))
    assert str(tmp_path / "tills.odcs.yaml") in str(error.value)
    assert message in str(error.value)


def test_contracts_are_found_by_file_and_later_folders_override(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    write(tmp_path, CONTENT)
    write(own, CONTENT.replace("Till tickets", "Our tickets"))
    assert load_contracts([tmp_path, own, tmp_path / "absent"])["tills"].name == "Our tickets"


def test_a_mapping_names_a_contract_that_exists(tmp_path: Path) -> None:
    mapping = "  - {property: mapTo, value: orders}\n  - {property: mapping, value: orders.sql}\n"
    contract = load_contract(write(tmp_path, CONTENT + mapping))
    assert contract.mappings == {"orders": "orders.sql"}
    with pytest.raises(ContractError, match="mapTo names 'orders', which no contract has; known are tills"):
        load_contracts([tmp_path])
    with pytest.raises(ContractError, match=r"mapping 'orders.sql' to 'orders' cannot be read"):
        contract.mapping_sql("orders")
