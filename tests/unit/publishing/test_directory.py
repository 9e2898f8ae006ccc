"""The customer directory: latest only, for its owner alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from dagster_project.publishing import Description, read_directory, write_directory
from dagster_project.settings import Home
from dagster_project.warehouse import DuckDBWarehouse, Warehouse, WarehouseError


def warehouse(place: Path, name: str = "Anne", *, twice: bool = False) -> Warehouse:
    """Paul is known to the CRM and the shop, the other customer to the CRM."""
    found = DuckDBWarehouse(place)
    said_at = dt.datetime(2026, 3, 30, 18)  # noqa: DTZ001 - UTC, as the warehouse has it
    golden = [("c_2", name, None), ("c_1", "Paul", "paul@orange.fr"), *([("c_1", "Paul", None)] if twice else [])]
    values = [
        ("c_2", "first_name", name, "crm", "8", said_at, "most_trusted"),
        ("c_1", "first_name", "Paul", "crm", "7", said_at, "most_trusted"),
        ("c_1", "email", "paul@orange.fr", "shop", "acc-1", said_at, "most_recent"),
    ]
    links = [
        ("shop", "acc-1", "c_1", "h1", "email"),
        ("crm", "7", "c_1", "h2", "email"),
        ("crm", "8", "c_2", "h3", "single"),
    ]
    record = ("source_system", "source_person_key")
    people = ("first_seen_date", "first_name", "last_name", "birth_date", "street", "postal_code", "city")
    records = [(system, key, *(None for _ in people), "never asked for") for system, key, *_ in links]

    def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> pa.Table:
        return pa.table({column: [row[at] for row in rows] for at, column in enumerate(columns)})

    found.write_all(
        "intermediate",
        {
            "int_customer_golden": table(("customer_id", "first_name", "email"), golden),
            "int_customer_golden_values": table(("customer_id", "field", "value", *record, "said_at", "rule"), values),
            "int_customer_records": table((*record, *people, "note"), records),
        },
    )
    found.write_all(
        "identity",
        {
            "customer_links": table((*record, "customer_id", "source_record_hash", "match_method"), links),
            "link_evidence": table(("kind", "key_value"), [("email", "é@orange.fr"), ("phone", None)]),
        }
        | {name: table(("event",), [("created",)]) for name in ("customer_history", "normalised_keys", "review_queue")},
    )
    return found


def test_the_directory_is_private_and_holds_names_and_raw_keys(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert write_directory(warehouse(tmp_path / "w.duckdb"), home) == 2
    path = home.directory
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with duckdb.connect(str(path), read_only=True) as connection:
        customers = connection.execute("from customers").fetchall()
        values = connection.execute("select * exclude said_at from customer_values").fetchall()
        sources = connection.execute("from customer_sources").fetchall()
    assert customers == [("c_1", "Paul", "paul@orange.fr"), ("c_2", "Anne", None)]
    assert values == [
        ("c_1", "email", "paul@orange.fr", "shop", "acc-1", "most_recent"),
        ("c_1", "first_name", "Paul", "crm", "7", "most_trusted"),
        ("c_2", "first_name", "Anne", "crm", "8", "most_trusted"),
    ]
    assert sources == [
        ("c_1", "crm", "7", "h2", "email"),
        ("c_1", "shop", "acc-1", "h1", "email"),
        ("c_2", "crm", "8", "h3", "single"),
    ]


def test_the_directory_describes_itself(tmp_path: Path) -> None:
    home = Home(tmp_path)
    said = Description("One row per customer's value.", {"said_at": "When it was said.", "not there": "x"})
    write_directory(warehouse(tmp_path / "w.duckdb"), home, {"int_customer_golden_values": said})
    with duckdb.connect(str(home.directory), read_only=True) as connection:
        table = connection.execute(
            "select comment from duckdb_tables() where table_name = 'customer_values'"
        ).fetchall()
        columns = connection.execute(
            "select column_name, comment from duckdb_columns() where comment is not null"
        ).fetchall()
    assert table == [("One row per customer's value.",)]
    assert columns == [("said_at", "When it was said.")]


def test_only_the_latest_state_is_kept_and_a_reader_keeps_the_former(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_directory(warehouse(tmp_path / "w.duckdb"), home)
    (home.directory.parent / "customer_directory.new").write_text("left by a crash")
    with duckdb.connect(str(home.directory), read_only=True) as reader:
        write_directory(warehouse(tmp_path / "w.duckdb", "Zoé"), home)
        assert reader.execute("select first_name from customers").fetchall() == [("Paul",), ("Anne",)]
    with duckdb.connect(str(home.directory), read_only=True) as reader:
        assert reader.execute("select first_name from customers").fetchall() == [("Paul",), ("Zoé",)]


def test_a_customer_given_twice_is_refused_and_the_former_directory_stays(tmp_path: Path) -> None:
    home = Home(tmp_path)
    write_directory(warehouse(tmp_path / "w.duckdb"), home)
    before = home.directory.read_bytes()
    with pytest.raises(ValueError, match="1 rows of the golden record repeat a customer_id"):
        write_directory(warehouse(tmp_path / "w.duckdb", twice=True), home)
    assert home.directory.read_bytes() == before
    assert [file.name for file in home.directory.parent.iterdir()] == [home.directory.name]


def test_what_made_customers_is_read_back_beside_them(tmp_path: Path) -> None:
    home = Home(tmp_path)
    with pytest.raises(WarehouseError, match=r"there is no customer directory in .* yet: `omnivue run` first"):
        read_directory(home, ("customers",))
    write_directory(warehouse(tmp_path / "w.duckdb"), home)
    with duckdb.connect(str(home.directory)) as former:
        former.execute("alter table evidence.review_queue rename to other")
    with pytest.raises(WarehouseError, match="has no table review_queue: another version of Omnivue wrote it"):
        read_directory(home, ("customers", "review_queue"))
    read = read_directory(home, ("link_evidence", "customer_records"))
    assert read["link_evidence"].to_pylist() == [
        {"kind": "email", "key_value": "é@orange.fr"},
        {"kind": "phone", "key_value": None},
    ]
    # Of what a record says, what people compare: a note is not.
    assert read["customer_records"].num_rows == 3
    assert read["customer_records"].column_names == [
        "source_system", "source_person_key", "first_seen_date", "first_name", "last_name", "birth_date", "street",
        "postal_code", "city",
    ]  # fmt: skip
