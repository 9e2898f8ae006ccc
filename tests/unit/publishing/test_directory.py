"""The customer directory: latest only, for its owner alone."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from dagster_project.publishing import write_directory
from dagster_project.settings import Home


def tables(name: str) -> tuple[pa.Table, pa.Table]:
    golden = pa.table({"customer_id": ["c_2", "c_1"], "first_name": [name, "Paul"], "email": [None, "paul@orange.fr"]})
    links = pa.table(
        {
            "source_system": ["shop", "crm", "crm"],
            "source_person_key": ["acc-1", "7", "8"],
            "customer_id": ["c_1", "c_1", "c_2"],
            "source_record_hash": ["h1", "h2", "h3"],
            "match_method": ["email", "email", "single"],
        }
    )
    return golden, links


def test_the_directory_is_private_and_holds_names_and_raw_keys(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path = write_directory(*tables("Anne"), home)
    assert path == home.directory
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    with duckdb.connect(str(path), read_only=True) as connection:
        customers = connection.execute("from customers").fetchall()
        sources = connection.execute("from customer_sources").fetchall()
    assert customers == [("c_1", "Paul", "paul@orange.fr"), ("c_2", "Anne", None)]
    assert sources == [("c_1", "crm", "7", "h2"), ("c_1", "shop", "acc-1", "h1"), ("c_2", "crm", "8", "h3")]


def test_only_the_latest_state_is_kept_and_a_reader_keeps_the_former(tmp_path: Path) -> None:
    home = Home(tmp_path)
    path = write_directory(*tables("Anne"), home)
    (path.parent / "customer_directory.new").write_text("left by a crash")
    with duckdb.connect(str(path), read_only=True) as reader:
        write_directory(*tables("Zoé"), home)
        assert reader.execute("select first_name from customers").fetchall() == [("Paul",), ("Anne",)]
    with duckdb.connect(str(path), read_only=True) as reader:
        assert reader.execute("select first_name from customers").fetchall() == [("Paul",), ("Zoé",)]


def test_a_customer_given_twice_or_a_missing_column_is_refused_and_the_former_directory_stays(tmp_path: Path) -> None:
    home = Home(tmp_path)
    golden, links = tables("Anne")
    path = write_directory(golden, links, home)
    before = path.read_bytes()
    with pytest.raises(ValueError, match="2 rows of the golden record repeat a customer_id"):
        write_directory(pa.concat_tables([golden, golden]), links, home)
    with pytest.raises(ValueError, match="table links lacks column 'customer_id'"):
        write_directory(golden, links.drop_columns("customer_id"), home)
    assert path.read_bytes() == before
