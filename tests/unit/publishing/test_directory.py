"""The customer directory: latest only, for its owner alone."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from dagster_project.publishing import Description, read_directory, write_directory
from dagster_project.settings import Home
from dagster_project.warehouse import WarehouseError


def tables(name: str) -> dict[str, pa.Table]:
    golden = pa.table({"customer_id": ["c_2", "c_1"], "first_name": [name, "Paul"], "email": [None, "paul@orange.fr"]})
    said_at = dt.datetime(2026, 3, 30, 18, tzinfo=dt.UTC)
    values = pa.table(
        {
            "customer_id": ["c_2", "c_1", "c_1"],
            "field": ["first_name", "first_name", "email"],
            "value": [name, "Paul", "paul@orange.fr"],
            "source_system": ["crm", "crm", "shop"],
            "source_person_key": ["8", "7", "acc-1"],
            "said_at": [said_at] * 3,
            "rule": ["most_trusted", "most_trusted", "most_recent"],
        }
    )
    links = pa.table(
        {
            "source_system": ["shop", "crm", "crm"],
            "source_person_key": ["acc-1", "7", "8"],
            "customer_id": ["c_1", "c_1", "c_2"],
            "source_record_hash": ["h1", "h2", "h3"],
            "match_method": ["email", "email", "single"],
        }
    )
    return {"customers": golden, "customer_values": values, "customer_sources": links}


def test_the_directory_is_private_and_holds_names_and_raw_keys(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path = write_directory(tables("Anne"), home)
    assert path == home.directory
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with duckdb.connect(str(path), read_only=True) as connection:
        customers = connection.execute("from customers").fetchall()
        values = connection.execute("select * exclude said_at from customer_values").fetchall()
        sources = connection.execute("select * exclude match_method from customer_sources").fetchall()
    assert customers == [("c_1", "Paul", "paul@orange.fr"), ("c_2", "Anne", None)]
    assert values == [
        ("c_1", "email", "paul@orange.fr", "shop", "acc-1", "most_recent"),
        ("c_1", "first_name", "Paul", "crm", "7", "most_trusted"),
        ("c_2", "first_name", "Anne", "crm", "8", "most_trusted"),
    ]
    assert sources == [("c_1", "crm", "7", "h2"), ("c_1", "shop", "acc-1", "h1"), ("c_2", "crm", "8", "h3")]


def test_the_directory_describes_itself(tmp_path: Path) -> None:
    said = Description("One row per customer's value.", {"said_at": "When it was said.", "not there": "x"})
    path = write_directory(tables("Anne"), Home(tmp_path), {"customer_values": said})
    with duckdb.connect(str(path), read_only=True) as connection:
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
    path = write_directory(tables("Anne"), home)
    (path.parent / "customer_directory.new").write_text("left by a crash")
    with duckdb.connect(str(path), read_only=True) as reader:
        write_directory(tables("Zoé"), home)
        assert reader.execute("select first_name from customers").fetchall() == [("Paul",), ("Anne",)]
    with duckdb.connect(str(path), read_only=True) as reader:
        assert reader.execute("select first_name from customers").fetchall() == [("Paul",), ("Zoé",)]


def test_a_customer_given_twice_or_a_missing_column_is_refused_and_the_former_directory_stays(tmp_path: Path) -> None:
    home = Home(tmp_path)
    given = tables("Anne")
    path = write_directory(given, home)
    before = path.read_bytes()
    golden, values, links = given.values()
    with pytest.raises(ValueError, match="2 rows of the golden record repeat a customer_id"):
        write_directory(given | {"customers": pa.concat_tables([golden, golden])}, home)
    with pytest.raises(ValueError, match="table customer_sources lacks column 'customer_id'"):
        write_directory(given | {"customer_sources": links.drop_columns("customer_id")}, home)
    with pytest.raises(ValueError, match="table customer_values lacks column 'said_at'"):
        write_directory(given | {"customer_values": values.drop_columns("said_at")}, home)
    assert path.read_bytes() == before


def test_what_made_customers_is_read_back_beside_them(tmp_path: Path) -> None:
    home = Home(tmp_path)
    evidence = pa.table({"kind": ["email", "phone"], "key_value": ["é@orange.fr", None]})
    given = tables("Zoé") | {"link_evidence": evidence}
    write_directory(given, home)
    read = read_directory(home, ("link_evidence", "customer_sources"))
    assert read["link_evidence"] == evidence
    assert read["customer_sources"].sort_by("source_record_hash").select(given["customer_sources"].column_names) == (
        given["customer_sources"].sort_by("source_record_hash")
    )
    with pytest.raises(WarehouseError, match=r"no table evidence\.review_queue; tables of evidence: link_evidence"):
        read_directory(home, ("review_queue",))
